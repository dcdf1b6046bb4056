"""What is shown of a study while it runs: plain lines here, the live view in `live.py`."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from math import inf
from typing import Self

from rich.console import Console
from rich.text import Text

from search.study.budget import StudyLimits
from search.study.history import FinishedTrial, Totals
from search.terminal.display.remaining_time import RemainingTime
from search.terminal.study_summary import StudySummary, print_summary
from search.trial.trial import Progress

BETTER, WORSE, ASIDE = "green", "red", "dim"


@dataclass
class StudyProgress:
    """What a study has done of what it may do.

    Attributes:
        trials: of the search.
        baseline: the best one's name.
        finished: trials that have ended.
        limits: at which the search ends; None of what has so many trials and no other end.
        finals: what the finalists will take, in trials.
        again: trainings with fresh seeds, or of recorded runs, where they run now instead.
    """

    trials: int
    baseline: str
    baseline_mae: float
    unit: str
    finished: list[FinishedTrial] = field(default_factory=list)
    limits: StudyLimits | None = None
    finals: float = 0.0
    again: int = 0

    def __post_init__(self) -> None:
        self.tally = Totals.of(self.finished)

    def add(self, trial: FinishedTrial) -> None:
        """Takes a trial that has ended."""
        self.finished.append(trial)
        self.tally.add(trial)

    @property
    def done(self) -> int:
        """How many trials have ended."""
        return self.tally.trials

    @property
    def best(self) -> tuple[float, int] | None:
        """Score and number of the best complete trial."""
        return self.tally.best


@dataclass
class Training:
    """One that runs, and how far it is."""

    title: str
    progress: Progress | None = None

    @property
    def share(self) -> float:
        """How much of it is done; it may end sooner."""
        return (self.progress.step + 1) / self.progress.steps if self.progress else 0.0


class Display(AbstractContextManager["Display"]):
    """A study's watcher that people read: one line a trial, for logs, pipes and CI."""

    def __init__(self, console: Console, budget: StudyProgress) -> None:
        self.console = console
        self.budget = budget
        self.running: dict[int, Training] = {}
        self.pace = RemainingTime()
        self.finishing = False
        self._first = (budget.done, budget.tally.epochs)
        self._ended: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to close."""

    def study_started(self, *, resumed: bool) -> None:
        """Says nothing: the program has introduced the study."""

    def study_ended(self, end: StudySummary) -> None:
        """Prints how it ended."""
        print_summary(self.console, end)

    def training_started(self, number: int, title: str) -> None:
        """Notes that a plan runs."""
        self.running[number] = Training(title)
        self._ended.discard(number)

    def epoch_ended(self, progress: Progress) -> None:
        """Notes how far a plan is."""
        self.running[progress.number].progress = progress
        self._judge()

    def training_ended(self, number: int) -> None:
        """Notes that a plan no longer runs."""
        del self.running[number]
        self._ended.add(number)
        if self.budget.again:  # a trial counts once it is in the ledger
            self._judge()

    def trial_ended(self, finished: FinishedTrial) -> None:
        """Shows the end of a trial, and whether it is the best so far."""
        budget = self.budget
        budget.add(finished)
        self._judge()
        reason = finished.reason.splitlines()[0] if finished.reason else ""
        style, best = "", ""
        if finished.state == "complete" and finished.score is not None:
            said = f"MAE {self.quantity(finished.score)}" + (f" ({reason})" if reason else "")
            style = BETTER if finished.score < budget.baseline_mae else ""
            best = "  ← best so far" if budget.best == (finished.score, finished.number) else ""
        else:
            said = f"{finished.state}: {reason}"
            style = WORSE if finished.state == "failed" else ASIDE
        self._line(f"[{budget.done}/{budget.trials}] trial {finished.number}: {said}{best}", style)

    def finalists_started(self, trials: int, seeds: int) -> None:
        """Shows that the best trials are trained again."""
        self.note(f"The best {trials} are trained again with {seeds} fresh seeds.")
        self.budget.again = trials * seeds
        self._ended.clear()
        self.pace.restart()

    def finalist_ended(self, finished: FinishedTrial, searched: float) -> None:
        """Shows what a finalist came to."""
        if finished.state == "complete" and finished.score is not None:
            said = f"MAE {self.quantity(finished.score)}, in the search {searched:.3f}"
        else:
            said = f"{finished.state}: {finished.reason}"
        self.note(f"trial {finished.number} with fresh seeds: {said}")

    def interrupted(self) -> None:
        """Shows that nothing new starts."""
        self.finishing = True
        self.note("Interrupted: the running trials finish; Ctrl-C again stops now.")

    def note(self, text: str) -> None:
        """Prints a line."""
        self.console.print(Text(text), soft_wrap=True)

    def _line(self, text: str, style: str) -> None:  # noqa: ARG002
        """Prints the line of a trial."""
        left = f"  · {self.pace.left} left" if self.pace.left and not self.finishing else ""
        self.note(text + (left if self.budget.done < self.budget.trials else ""))

    @property
    def count(self) -> tuple[int, int]:
        """How many trials, or trainings with fresh seeds, have ended, and of how many."""
        budget = self.budget
        return (len(self._ended), budget.again) if budget.again else (budget.done, budget.trials)

    def _judge(self) -> None:
        """Judges the time left; of several limits, the one that comes first at this pace.

        A target is not foreseen.
        """
        done, total = self.count
        at = done + sum(training.share for training in self.running.values())
        if self.budget.again:
            self.pace.judge(at, total - at, inf)
            return
        first, epochs_first = self._first
        most, limits = inf, self.budget.limits
        if limits:
            epochs = self.budget.tally.epochs + sum(
                training.progress.step + 1
                for training in self.running.values()
                if training.progress
            )
            each = self.pace.spent / max(epochs - epochs_first, 1)
            most = min(each * (limits.epochs - epochs), limits.seconds - self.pace.spent)
        self.pace.judge(at - first, total - at, most, self.budget.finals)

    def quantity(self, value: float) -> str:
        """Returns a score with its unit."""
        return f"{value:.3f} {self.budget.unit}".strip()


class QuietDisplay(Display):
    """Nothing but the end of the study."""

    def note(self, text: str) -> None:
        """Says nothing."""
