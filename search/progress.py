"""Shows a study while it runs: live on a terminal, plain lines elsewhere."""

import time
from abc import abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.text import Text

from search.history import Finished
from search.limits import Limits
from search.trial import Progress


@dataclass
class Budget:
    """What a study has done of what it may do.

    Attributes:
        best: score and number of the best trial so far.
        limits: at which it ends; None of what has so many trials and no other end.
        epochs: trained so far.
    """

    trials: int
    done: int
    best: tuple[float, int] | None
    baseline: str
    baseline_mae: float
    unit: str
    limits: Limits | None = None
    epochs: int = 0


class Display(AbstractContextManager["Display"]):
    """A study's watcher that people read."""

    def __init__(self, console: Console, budget: Budget) -> None:
        self.console = console
        self.budget = budget
        self._started = time.monotonic()
        self._first = (budget.done, budget.epochs)

    @abstractmethod
    def training_started(self, number: int, title: str) -> None:
        """Shows that a plan runs."""

    @abstractmethod
    def epoch_ended(self, progress: Progress) -> None:
        """Shows how far a plan is."""

    @abstractmethod
    def training_ended(self, number: int) -> None:
        """Shows that a plan no longer runs."""

    @abstractmethod
    def note(self, text: str) -> None:
        """Shows a remark."""

    def trial_ended(self, finished: Finished) -> None:
        """Shows the end of a trial, and whether it is the best so far."""
        self.budget.done += 1
        self.budget.epochs += finished.epochs
        score, best = finished.score, ""
        if finished.state == "complete" and score is not None:
            if self.budget.best is None or score < self.budget.best[0]:
                self.budget.best = (score, finished.number)
                best = "  ← best so far"
            said = f"MAE {self._quantity(score)}"
        else:
            said = f"{finished.state}: {finished.reason.splitlines()[0] if finished.reason else ''}"
        if finished.state == "complete" and finished.reason:
            said += f" ({finished.reason})"
        left = self._time_left()
        self.note(
            f"[{self.budget.done}/{self.budget.trials}] trial {finished.number}: {said}{best}"
            + (f"  · {left} left" if left else "")
        )

    def _best_so_far(self) -> str:
        bar = f"best baseline {self.budget.baseline} {self._quantity(self.budget.baseline_mae)}"
        if self.budget.best is None:
            return bar
        score, number = self.budget.best
        return f"best trial {number}: {self._quantity(score)} · {bar}"

    def _time_left(self) -> str:
        """Returns an estimate from the pace so far; empty until there is one.

        Of several limits, the one that is reached first at that pace; a target is not foreseen.
        """
        budget, spent = self.budget, time.monotonic() - self._started
        done, epochs = budget.done - self._first[0], budget.epochs - self._first[1]
        if done < 2 or budget.done >= budget.trials:
            return ""
        seconds = spent / done * (budget.trials - budget.done)
        if budget.limits:
            by_epochs = spent / max(epochs, 1) * (budget.limits.epochs - budget.epochs)
            seconds = max(0.0, min(seconds, by_epochs, budget.limits.seconds - spent))
        return f"about {seconds:.0f} s" if seconds < 90 else f"about {seconds / 60:.0f} min"

    def _quantity(self, value: float) -> str:
        return f"{value:.3f} {self.budget.unit}".strip()


class PlainDisplay(Display):
    """One line a trial: for logs, pipes and CI."""

    def training_started(self, number: int, title: str) -> None:
        """Says nothing: the end of a trial is the news."""

    def epoch_ended(self, progress: Progress) -> None:
        """Says nothing."""

    def training_ended(self, number: int) -> None:
        """Says nothing."""

    def note(self, text: str) -> None:
        """Prints a line."""
        self.console.print(Text(text), soft_wrap=True)

    def __exit__(self, *error: object) -> None:
        """Nothing to close."""


class QuietDisplay(PlainDisplay):
    """Nothing but the end of the study."""

    def note(self, text: str) -> None:
        """Says nothing."""


class LiveDisplay(Display):
    """Bars of the running trials below the lines of the ended ones."""

    def __init__(self, console: Console, budget: Budget) -> None:
        super().__init__(console, budget)
        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[said]}", markup=False),
            console=console,
        )
        self._study = self._bars.add_task("study", total=budget.trials, said="")
        self._rows: dict[int, TaskID] = {}
        self._live = Live(console=console, refresh_per_second=8, get_renderable=self._view)

    def __enter__(self) -> "LiveDisplay":
        self._bars.update(self._study, completed=self.budget.done)
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Leaves the lines and takes the bars away."""
        self._live.stop()

    def _view(self) -> Group:
        left = self._time_left()
        status = self._best_so_far() + (f" · {left} left" if left else "")
        return Group(self._bars, Text(status, overflow="ellipsis", no_wrap=True))

    def training_started(self, number: int, title: str) -> None:
        """Adds a bar."""
        self._rows[number] = self._bars.add_task(title, total=None, said="")

    def epoch_ended(self, progress: Progress) -> None:
        """Moves the trial's bar."""
        self._bars.update(
            self._rows[progress.number],
            completed=progress.step + 1,
            total=progress.steps,
            said=f"epochs · MAE {progress.score:.3f}",
        )

    def training_ended(self, number: int) -> None:
        """Takes the bar away."""
        self._bars.remove_task(self._rows.pop(number))

    def trial_ended(self, finished: Finished) -> None:
        """Prints the trial's line."""
        super().trial_ended(finished)
        self._bars.update(self._study, completed=self.budget.done, said="trials")

    def note(self, text: str) -> None:
        """Prints a line above the bars."""
        self._live.console.print(Text(text))


def open_display(console: Console, budget: Budget, *, quiet: bool) -> Display:
    """Returns the display that suits where the program writes to."""
    if quiet:
        return QuietDisplay(console, budget)
    return LiveDisplay(console, budget) if console.is_terminal else PlainDisplay(console, budget)
