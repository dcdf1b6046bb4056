"""Fixtures: a study of 30 trials, the MLflow UI for it, and a browser."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# The import starts no browser.
from benchmarks.browser import chromium, executable, opened


@dataclass(frozen=True)
class Served:
    """A study and the addresses that `sweepcast ui STUDY` prints: its page and its runs."""

    program: Any
    page: str
    runs: str

    def of(self, run: Any) -> str:
        """Returns the address of the page of one of the study's runs."""
        return self.page.replace(self.program.study("seen").info.run_id, run.info.run_id)


@pytest.fixture(scope="module")
def served(
    program_in: Callable[[Path], Any],
    tmp_path_factory: pytest.TempPathFactory,
    eagerly: Callable[[], Any],
    short: tuple[str, ...],
    browser: Any,
) -> Iterator[Served]:
    """Serves the UI for a study `seen` of dense models.

    Two of its three searched values are numbers. Only the last trial has figures, because they take
    longer than these models.
    """
    program = program_in(tmp_path_factory.mktemp("seen") / "here")
    words = (
        *("sweep", *short, "model=dense", "training.epochs=3", "space=[]", "study.name=seen"),
        *("pruner=none", "space.model.dense.activation=[relu, elu]"),
        "space.training.learning_rate={low: 0.001, high: 0.03, log: true}",
        "space.task.window_size={low: 4, high: 12}",
    )
    with eagerly():
        for more in (("study.trials=29",), ("study.trials=30", "tracking.figures=all")):
            done = program(*words, *more)
            assert done.status == 0, done.err
    process = program.start("ui", "seen", "--no-browser", "--port", "0")
    printed: list[str] = []
    while not (printed and "viewStateShareKey" in printed[-1]):
        printed.append(process.stdout.readline())
        assert printed[-1], f"the UI exited early:\n{printed}"
    try:
        yield Served(program, *(line.strip() for line in printed[-2:]))
    finally:
        process.terminate()
        process.communicate(timeout=60)  # its server also holds this pipe, so both have ended
        assert process.returncode == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Starts Chromium."""
    if executable() is None:
        pytest.skip("no Chromium: install it with .ci/browser.sh or set CHROMIUM=<path>")
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """Opens an empty page, and checks at the end that no script failed in it."""
    found = opened(browser)
    errors: list[str] = []
    found.on("pageerror", lambda error: errors.append(str(error)))
    yield found
    found.context.close()
    # MLflow's tables grow while they are measured, which browsers report as an error.
    assert [error for error in errors if "ResizeObserver loop" not in error] == []


@pytest.fixture(scope="session")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any, str], None]:
    """Returns a function that saves a screenshot, in the folder SCREENSHOTS if that is set."""
    named = os.environ.get("SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")

    def save(page: Any, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png")

    return save


@pytest.fixture(scope="session")
def trial_name() -> "re.Pattern[str]":
    """Returns a pattern that matches the name of a trial of the study."""
    return re.compile(r"trial \d+ · (?:\d×)?dense \d+ · w\d+ · \w+")
