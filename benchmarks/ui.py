"""Measures how fast the MLflow UI is with a long study: python -m benchmarks.ui [--trials N]

Runs a study of trials that take no time, opens its pages in Chromium and prints the seconds until
each page is ready.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from unittest.mock import patch

from playwright.sync_api import Page

from benchmarks.browser import chromium, opened
from benchmarks.instant import Instant
from benchmarks.screenshots import ui
from search import cli

STUDY = (
    *("dataset=synthetic", "model=dense", "space=[dense]", "study.name=long", "study.finalists=0"),
    "space.training.learning_rate={low: 0.001, high: 0.03, log: true}",
    *("space.task.window_size={low: 4, high: 40}", "backend=optuna_random", "pruner=none"),
)


def seconds(page: Page, address: str, wait: Callable[[], object]) -> float:
    """Returns the seconds from opening a page until `wait` returns."""
    page.goto("about:blank")
    begun = time.monotonic()
    page.goto(address)
    wait()
    return time.monotonic() - begun


def main() -> None:
    """Runs the study and prints the seconds of each page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500)
    options = parser.parse_args()
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    with tempfile.TemporaryDirectory() as name:
        begun = time.monotonic()
        with patch("search.commands.sweep.open_engine", return_value=Instant()), chdir(name):
            cli.run(["sweep", "--quiet", *STUDY, f"study.trials={options.trials}"])
        print(f"study of {options.trials} trials: {time.monotonic() - begun:.0f} s")  # noqa: T201
        with chromium() as browser, ui(Path(name), "long") as (study, runs):
            page = opened(browser)
            charts = "document.querySelectorAll('.js-plotly-plot').length >= 4"
            listed = page.get_by_role("link", name="long", exact=True)
            for title, address, wait in (
                ("page of the study", study, page.get_by_text("Show more").wait_for),
                ("studies of the dataset", runs.partition("&")[0], listed.wait_for),
                ("its runs, best first", runs, page.get_by_text("trial").first.wait_for),
            ):
                print(f"{title}: {seconds(page, address, wait):.1f} s")  # noqa: T201
            address = f"{page.url}&compareRunsMode=CHART"
            found = seconds(page, address, lambda: page.wait_for_function(charts))
            print(f"its charts: {found:.1f} s")  # noqa: T201


if __name__ == "__main__":
    main()
