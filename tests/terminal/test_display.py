"""Displays of a running study at several widths, and the estimate of the remaining time."""

import io
import os
import re
from collections.abc import Callable

import numpy as np
import pytest
from rich.console import Console

from search.study.budget import StudyLimits
from search.study.history import FinishedTrial
from search.terminal.console import can_redraw
from search.terminal.display import open_display
from search.terminal.display.base import Display, StudyProgress
from search.terminal.display.live import LiveDisplay, scores
from search.terminal.display.remaining_time import RemainingTime
from search.trial.trial import Progress

LONG = "2×conv 128×6/2 · 2×bilstm 128 · 2×dense 32 · skip · w24 · rmsprop"


def screen(width: int, height: int = 25, **more: object) -> Console:
    return Console(
        file=io.StringIO(), force_terminal=True, width=width, height=height, markup=False, **more
    )


def printed(console: Console) -> str:
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def budget(trials: int = 9, baseline: float = 2.0) -> StudyProgress:
    return StudyProgress(trials, "linear ar calendar", baseline, "°C")


def finished(number: int, score: float | None = None, state: str = "complete") -> FinishedTrial:
    metrics = {} if score is None else {"validation/mae": score}
    reason = {"failed": "no model [b]today", "pruned": "after epoch 4"}.get(state, "")
    return FinishedTrial(number, state, {**metrics, "epochs": 4.0}, reason)


def epoch(number: int, step: int, steps: int = 100) -> Progress:
    return Progress(number, step, steps, 2.5, 0.1, 0, step)


def lines_of(display: LiveDisplay) -> list[str]:
    console = display.console
    with console.capture() as shown:
        console.print(display.view())
    return shown.get().splitlines()


# ---------------------------------------------------------------- the live view


@pytest.mark.parametrize("width", [60, 80, 140, 200])
@pytest.mark.parametrize("running", [1, 2, 8])
def test_the_live_view_fits_and_has_one_line_per_trial(width: int, running: int) -> None:
    display = LiveDisplay(screen(width, color_system=None), budget())
    for number in range(running):
        display.training_started(number, f"trial {number} · {LONG}")
        display.epoch_ended(epoch(number, 10 * number))
    for number in range(50, 52):
        display.budget.add(finished(number, 2.1))
    lines = lines_of(display)
    assert len(lines) == 1 + running + 3
    assert max(map(len, lines)) < width
    for number in range(running):
        line = lines[1 + number]
        assert line.startswith(f"trial {number} · 2×conv 128")
        assert f"{10 * number + 1}/100 MAE 2.500" in line
    assert "2 of 9 trials" in lines[-3]
    assert lines[-2].startswith("best 2.100 °C, trial 50 does not beat 2.000 °C, linear")
    assert "MAE by trial, lower is better" in lines[-1]


def test_a_small_screen_shows_the_first_trials_and_the_overall_progress() -> None:
    display = LiveDisplay(screen(80, 10, color_system=None), budget())
    for number in range(8):
        display.training_started(number, f"trial {number}")
    lines = lines_of(display)
    assert len(lines) < 10
    assert [line.split()[:2] for line in lines[1:4]] == [["trial", str(n)] for n in range(3)]
    assert "more" in "".join(lines)
    assert lines[-1] == "to beat 2.000 °C, linear ar calendar"


@pytest.mark.parametrize(("score", "green"), [(1.9, True), (2.1, False)])
def test_the_best_score_is_green_if_it_beats_the_baseline(score: float, green: bool) -> None:
    display = LiveDisplay(screen(80, color_system="standard", no_color=False), budget())
    display.budget.add(finished(3, score))
    assert ("\x1b[32mbest" in lines_of(display)[-1]) is green
    colourless = LiveDisplay(screen(80, color_system="standard", no_color=True), display.budget)
    assert "\x1b[32m" not in lines_of(colourless)[-1]


def test_the_view_is_removed_and_the_lines_stay() -> None:
    console = screen(80, color_system=None)
    with LiveDisplay(console, budget()) as display:
        display.training_started(0, "trial 0 · dense 4")
        display.epoch_ended(epoch(0, 3))
        display.training_ended(0)
        display.trial_ended(finished(0, 1.5))
        display.trial_ended(finished(1, state="failed"))
        display.finalists_started([3])
        display.training_started(0, "trial 0, fresh seeds · seed 1")
        assert "0 of 3 trainings" in "".join(lines_of(display))
        display.training_ended(0)
        assert "1 of 3 trainings" in "".join(lines_of(display))
        display.finalist_ended(finished(0, 1.6), 1.5)
        again = finished(2, 1.6)
        again.metrics["validation/averaged_mae"] = 1.4
        display.finalist_ended(again, 1.5)
        display.interrupted()
        assert "finishing" in "".join(lines_of(display))
    text = printed(console)
    for line in (
        "[1/9] trial 0: MAE 1.500 °C  ← best so far",
        "[2/9] trial 1: failed: no model [b]today",
        "Retraining the best trial with 3 fresh seeds.",
        "trial 0 with fresh seeds: MAE 1.600 °C (1.500 in the search)",
        "Interrupted: finishing the running trials; press Ctrl-C again to stop now.",
    ):
        assert f"{line}\n" in text
    wrapped = "trial 2 with fresh seeds: MAE 1.600 °C, seeds averaged 1.400 (1.500 in the search)"
    assert wrapped in " ".join(text.split())
    # The last view is erased line by line.
    assert re.search(r"(\x1b\[1A\x1b\[2K)+$", text)


def test_the_view_overwrites_lines_that_wrap_after_the_terminal_became_narrower() -> None:
    console = screen(100, color_system=None)
    display = LiveDisplay(console, budget())
    display.training_started(0, "trial 0")
    console.print(display)
    assert "\x1b[1A" not in printed(console)
    console.width = 60  # the trial's line of 99 characters now wraps, the others do not
    console.print(display)
    assert printed(console).count("\x1b[1A\x1b[2K") == 1


# ---------------------------------------------------------------- scores as blocks


def test_the_lowest_block_is_the_best_score_and_one_bad_trial_does_not_flatten_the_rest() -> None:
    trials = [finished(n, score) for n, score in enumerate([3.0, 2.5, 2.0, 1.0, 90.0])]
    trials += [finished(5, state="failed"), finished(6, 2.2, "pruned")]
    text = scores(trials, 1.5, 80)
    assert text.plain == "▆▅▃▁█×·  MAE by trial, lower is better, × failed, · pruned"
    green = [text.plain[span.start] for span in text.spans if span.style == "green"]
    assert green == ["▁"]


@pytest.mark.parametrize("count", [1, 2, 30, 200])
@pytest.mark.parametrize("width", [59, 79, 100])
def test_the_blocks_of_the_latest_trials_fit(count: int, width: int) -> None:
    values = np.random.default_rng(count).lognormal(sigma=4, size=count)
    states = ("complete", "pruned")
    trials = [finished(n, value, states[n % 5 == 4]) for n, value in enumerate(values)]
    text = scores(trials, 1.0, width)
    assert len(text.plain) <= width
    blocks = text.plain.partition("  ")[0]
    assert len(blocks) == count or ("latest MAE" in text.plain and len(blocks) > width // 4)
    assert scores([finished(0, state="failed")], 1.0, width).plain[0] == "×"


# ---------------------------------------------------------------- plain lines


def test_a_trial_is_a_plain_line_when_the_output_is_not_a_terminal() -> None:
    console = Console(file=io.StringIO(), width=160)
    with open_display(console, budget(), quiet=False) as display:
        display.pace = RemainingTime(lambda: 0.0)
        display.training_started(0, "trial 0")
        display.training_ended(0)
        display.trial_ended(finished(0, 3.0))
        display.trial_ended(finished(1, 2.5, "pruned"))
        display.note("a note [b]")
    assert printed(console).splitlines() == [
        "[1/9] trial 0: MAE 3.000 °C  ← best so far  · a few seconds left",
        "[2/9] trial 1: pruned: after epoch 4  · a few seconds left",
        "a note [b]",
    ]
    quiet = Console(file=io.StringIO())
    with open_display(quiet, budget(), quiet=True) as display:
        display.trial_ended(finished(0, 3.0))
    assert printed(quiet) == ""


@pytest.mark.parametrize(
    ("variables", "live"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "dumb", "NO_COLOR": "1"}, False),
    ],
)
def test_only_a_terminal_that_can_be_redrawn_has_a_live_view(
    variables: dict[str, str], live: bool
) -> None:
    near, far = os.openpty()
    with os.fdopen(near, "rb"), os.fdopen(far, "w", encoding="utf-8") as file:
        console = Console(file=file, _environ=variables)
        display = open_display(console, budget(), quiet=False)
        assert isinstance(display, LiveDisplay) is live
        assert type(open_display(console, budget(), quiet=True)) is not LiveDisplay
    coloured = Console(file=io.StringIO(), _environ={"FORCE_COLOR": "1", "TERM": "xterm"})
    assert coloured.is_terminal
    assert not can_redraw(coloured)


# ---------------------------------------------------------------- remaining time


@pytest.fixture
def clocked() -> Callable[[], tuple[RemainingTime, list[float]]]:
    def made() -> tuple[RemainingTime, list[float]]:
        now = [0.0]
        return RemainingTime(lambda: now[0]), now

    return made


def test_the_remaining_time_follows_the_pace_and_counts_down(
    clocked: Callable[[], tuple[RemainingTime, list[float]]],
) -> None:
    pace, now = clocked()
    now[0] = 10.0
    pace.update(0.5, 9.5, 1e9)
    assert pace.left == ""  # no trial is done yet
    now[0] = 20.0
    pace.update(2.0, 8.0, 1e9, after=1.0)
    assert pace.left == "about 2 min"  # 80 s for the trials left, 10 s for the work that follows
    now[0] = 50.0
    assert pace.left == "about 60 s"
    pace.update(2.0, 8.0, 30.0)  # the limit is reached first
    assert pace.left == "about 30 s"
    now[0] = 78.0
    assert pace.left == "a few seconds"
    pace.restart()
    assert pace.left == ""
    now[0] += 3600.0
    pace.update(1.0, 3.0, 1e9)
    assert pace.left == "about 3.0 h"


def test_the_remaining_time_counts_shares_of_running_trials_and_the_finalists() -> None:
    shown = budget(trials=4)
    shown.finals = 2.0
    display = Display(Console(file=io.StringIO()), shown)
    now = [0.0]
    display.pace = RemainingTime(lambda: now[0])
    for number in range(2):
        display.training_started(number, f"trial {number}")
    now[0] = 100.0
    display.epoch_ended(epoch(0, 49))
    display.epoch_ended(epoch(1, 49))
    # Two halves of a trial took 100 s; three trials and two retrainings of finalists are left.
    assert display.pace.left == "about 8 min"
    shown.limits = StudyLimits(4, seconds=160.0)
    display.epoch_ended(epoch(1, 49))
    assert display.pace.left == "about 60 s"  # the time limit includes the finalists
