"""Takes the screenshots of docs/tour.md: python -m benchmarks.screenshots [--trials N] [--folder F]

Runs a study, unless the folder has one, and opens its results in the MLflow UI and in report.html.
"""

import argparse
import io
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlflow import MlflowClient
from PIL import Image
from playwright.sync_api import Locator, Page
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from benchmarks.browser import chromium, opened

PICTURES = Path(__file__).parents[1] / "docs/images/tour"
_WIDTH = 160  # characters; the program uses this width without a terminal
_TERMINAL = (  # lines as high as the font, so that the lines of the table connect
    "<style>{stylesheet} pre {{display: inline-block; padding: 12px; color: {foreground};"
    " background: {background}; font: 14px/16px 'DejaVu Sans Mono', monospace}}</style>"
    "<body><pre>{code}</pre></body>"
)
_SETTLED = 3000  # ms to wait: charts are drawn after their frames


def search(*words: str) -> list[str]:
    """Returns a command line of the program."""
    return [sys.executable, "-m", "search", *words]


def surroundings() -> dict[str, str]:
    """Returns the environment of a colour terminal with `sweepcast` on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    root = str(Path(__file__).parents[1])
    return kept | {"PATH": path, "PYTHONPATH": root, "FORCE_COLOR": "1", "COLUMNS": str(_WIDTH)}


def sweep(folder: Path, trials: int) -> str:
    """Runs or resumes the quickstart study and returns its final output."""
    words = search("sweep", "--quiet", "experiment=quickstart", f"study.trials={trials}")
    words.append("study.timeout=600")  # so that a busy machine completes as many trials
    done = subprocess.run(
        words, cwd=folder, env=surroundings(), check=True, capture_output=True, text=True
    )
    return done.stdout


@contextmanager
def ui(folder: Path, study: str) -> Iterator[list[str]]:
    """Serves the UI and yields the addresses that it prints: of the study and of its runs."""
    process = subprocess.Popen(
        search("ui", study, "--no-browser", "--port", "0"),
        cwd=folder,
        env=surroundings(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None  # noqa: S101 - for mypy
    try:
        yield [process.stdout.readline().strip() for _ in range(3)][1:]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


def save(what: Page | Locator, name: str) -> None:
    """Writes a screenshot of a page or an element in 256 colours."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    picture = Image.open(io.BytesIO(what.screenshot())).convert("RGB")
    path = PICTURES / f"{name}.png"
    picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    sys.stdout.write(f"{path.name}: {picture.width} × {picture.height}, {path.stat().st_size}\n")


def terminal(page: Page, output: str) -> None:
    """Takes the output of the program as a terminal shows it."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO())
    # Without the store, which is a path of this machine.
    lines = [line for line in output.splitlines() if "store: " not in line]
    console.print(Text.from_ansi("\n".join(["$ sweepcast sweep experiment=quickstart", *lines])))
    page.set_content(console.export_html(theme=SVG_EXPORT_THEME, code_format=_TERMINAL))
    save(page.locator("pre"), "terminal")


def runs(page: Page, address: str) -> None:
    """Takes the nested runs, the leaderboard, the comparison of five trials, and the charts."""
    page.goto(address.partition("&")[0])
    page.locator(".ag-row").first.locator("button").first.click()
    page.wait_for_timeout(_SETTLED)
    save(page, "runs")
    page.goto("about:blank")
    page.goto(address)
    page.get_by_text("matching runs").wait_for()
    page.wait_for_timeout(_SETTLED)
    save(page, "leaderboard")
    trials = page.locator(".ag-row", has_text="trial", has_not_text="finalist")
    for row in range(5):
        trials.nth(row).locator(".ag-selection-checkbox input").click()
    page.get_by_role("button", name="Compare", exact=True).click()
    page.get_by_text("Run details").wait_for()
    page.wait_for_timeout(_SETTLED)
    page.get_by_text("Show diff only").first.click()
    page.get_by_text("Run details").evaluate("heading => heading.scrollIntoView()")
    page.wait_for_timeout(_SETTLED)
    save(page, "compare")
    page.set_viewport_size({"width": 1440, "height": 1300})
    page.goto("about:blank")
    page.goto(f"{address}&compareRunsMode=CHART")
    page.get_by_text("Searched values").first.wait_for()
    page.wait_for_timeout(2 * _SETTLED)
    save(page, "charts")


def study(page: Page, address: str) -> None:
    """Takes the page of the study."""
    page.set_viewport_size({"width": 1440, "height": 1300})
    page.goto(address)
    page.get_by_text("Show more").click()
    page.wait_for_timeout(_SETTLED)
    save(page, "study")


def trial(page: Page, address: str) -> None:
    """Takes a figure among the artifacts of a trial."""
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(address)
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_text("forecast.png").first.click()
    page.wait_for_timeout(_SETTLED)
    save(page, "trial")


def main() -> None:
    """Runs the study and takes the screenshots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--folder", type=Path, help="folder of the study")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tour-") as name:
        folder = (options.folder or Path(name)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        output = sweep(folder, options.trials)
        client = MlflowClient(f"sqlite:///{folder}/mlruns/mlflow.db")
        (experiment,) = client.search_experiments(filter_string="name LIKE 'sweepcast/%'")
        condition = "tags.`sweepcast.kind` = 'study'"
        (found,) = client.search_runs([experiment.experiment_id], condition)
        report = Path(client.download_artifacts(found.info.run_id, "report.html", name))
        with chromium() as browser, ui(folder, found.info.run_name) as (of_study, of_runs):
            page = opened(browser)
            terminal(page, output)
            page.goto(report.as_uri())
            page.wait_for_timeout(_SETTLED)
            save(page, "report")
            runs(page, of_runs)
            study(page, of_study)
            trial(page, of_study.replace(found.info.run_id, found.data.tags["sweepcast.best"]))


if __name__ == "__main__":
    main()
