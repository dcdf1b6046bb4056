"""A study of 30 trials, the MLflow UI on it, and a browser."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# They start no process unless a test asks.
from benchmarks.browser import chromium, executable, opened


@dataclass(frozen=True)
class Served:
    """A study and the addresses that `sweepcast ui STUDY` prints."""

    program: Any
    page: str
    runs: str

    def of(self, run: Any) -> str:
        """The page of one of its runs."""
        return self.page.replace(self.program.study("seen").info.run_id, run.info.run_id)


@pytest.fixture(scope="module")
def served(
    program_in: Callable[[Path], Any],
    tmp_path_factory: pytest.TempPathFactory,
    eagerly: Callable[[], Any],
    short: tuple[str, ...],
    browser: Any,
) -> Iterator[Served]:
    """The UI on a study `seen` of dense nets: of three values that are searched two are numbers.

    Pictures cost more than these nets: of the trials only the last one has some.
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
    said: list[str] = []
    while not (said and "viewStateShareKey" in said[-1]):
        said.append(process.stdout.readline())
        assert said[-1], f"it ended by itself:\n{said}"
    try:
        yield Served(program, *(line.strip() for line in said[-2:]))
    finally:
        process.terminate()
        process.communicate(timeout=60)  # its server had this pipe too: both have ended
        assert process.returncode == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium."""
    if executable() is None:
        pytest.skip("no Chromium: install one (.ci/browser.sh) or name it by CHROMIUM=<path>")
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """An empty page; no script of what it shows may fail."""
    found = opened(browser)
    faults: list[str] = []
    found.on("pageerror", lambda error: faults.append(str(error)))
    yield found
    found.context.close()
    # MLflow's tables grow while they are measured, which browsers count as a fault.
    assert [fault for fault in faults if "ResizeObserver loop" not in fault] == []


@pytest.fixture(scope="session")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any, str], None]:
    """Saves a picture of a page, in the folder SCREENSHOTS if that is set."""
    named = os.environ.get("SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")

    def save(page: Any, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png")

    return save


@pytest.fixture(scope="session")
def trial_name() -> "re.Pattern[str]":
    """What a trial of the study is called: what matters of it."""
    return re.compile(r"trial \d+ · (?:\d×)?dense \d+ · w\d+ · \w+")
