"""Displays of a running study: plain lines, a live view, or JSON events."""

from contextlib import AbstractContextManager

from rich.console import Console

from search.study.callback import Observe, StudyCallback
from search.terminal.console import can_redraw, console
from search.terminal.display.base import Display, QuietDisplay, StudyProgress
from search.trial.trial import Plan


def open_display(console: Console, budget: StudyProgress, *, quiet: bool) -> Display:
    """Returns a display for this console: quiet, live on a terminal, or plain lines."""
    if quiet:
        return QuietDisplay(console, budget)
    if can_redraw(console):
        from search.terminal.display.live import LiveDisplay

        return LiveDisplay(console, budget)
    return Display(console, budget)


def retraining_display(*, quiet: bool) -> Observe:
    """Returns a function that opens a display for trainings outside a search."""

    def opened(plan: Plan, trainings: int, unit: str) -> AbstractContextManager[StudyCallback]:
        name = plan.baselines[0][0].replace("_", " ")
        budget = StudyProgress(0, name, plan.baseline_mae, unit, retrainings=trainings)
        return open_display(console(), budget, quiet=quiet)

    return opened
