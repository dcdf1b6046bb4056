"""Progress of a running study, printed as plain lines; `live.py` has the live view."""

from collections.abc import Sequence
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
    """Progress of a study within its budget.

    Attributes:
        trials: number of trials in the budget.
        baseline: name of the best baseline.
        baseline_mae: MAE of the best baseline.
        unit: unit of the series.
        finished: trials that have finished.
        limits: limits at which the search stops; None if only the number of trials counts.
        finals: expected duration of the finalists, in trials.
        retrainings: number of retrainings after the search; 0 during the search.
    """

    trials: int
    baseline: str
    baseline_mae: float
    unit: str
    finished: list[FinishedTrial] = field(default_factory=list)
    limits: StudyLimits | None = None
    finals: float = 0.0
    retrainings: int = 0

    def __post_init__(self) -> None:
        self.tally = Totals.of(self.finished)

    def add(self, trial: FinishedTrial) -> None:
        """Adds a finished trial."""
        self.finished.append(trial)
        self.tally.add(trial)

    @property
    def done(self) -> int:
        """Number of finished trials."""
        return self.tally.trials

    @property
    def best(self) -> tuple[float, int] | None:
        """Score and number of the best complete trial."""
        return self.tally.best


@dataclass
class Training:
    """A running training and its progress."""

    title: str
    progress: Progress | None = None

    @property
    def share(self) -> float:
        """Share of its epochs that is done; early stopping can end it sooner."""
        return (self.progress.step + 1) / self.progress.steps if self.progress else 0.0


class Display(AbstractContextManager["Display"]):
    """A callback that prints one line per trial, for logs, pipes and CI."""

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
        """Does nothing: there is nothing to close."""

    def study_started(self, *, resumed: bool) -> None:
        """Does nothing: the header of the study is already printed."""

    def study_ended(self, end: StudySummary) -> None:
        """Prints the summary of the study."""
        print_summary(self.console, end)

    def training_started(self, number: int, title: str) -> None:
        """Adds a training to the running ones."""
        self.running[number] = Training(title)
        self._ended.discard(number)

    def epoch_ended(self, progress: Progress) -> None:
        """Updates the progress of a training."""
        self.running[progress.number].progress = progress
        self._update_pace()

    def training_ended(self, number: int) -> None:
        """Removes a training from the running ones."""
        del self.running[number]
        self._ended.add(number)
        if self.budget.retrainings:  # a trial of the search counts only once it is in the ledger
            self._update_pace()

    def trial_ended(self, finished: FinishedTrial) -> None:
        """Prints the result of a trial and whether it is the best so far."""
        budget = self.budget
        budget.add(finished)
        self._update_pace()
        reason = finished.reason.splitlines()[0] if finished.reason else ""
        style, best = "", ""
        if finished.state == "complete" and finished.score is not None:
            result = f"MAE {self.quantity(finished.score)}" + (f" ({reason})" if reason else "")
            style = BETTER if finished.score < budget.baseline_mae else ""
            best = "  ← best so far" if budget.best == (finished.score, finished.number) else ""
        else:
            result = f"{finished.state}: {reason}"
            style = WORSE if finished.state == "failed" else ASIDE
        self._line(
            f"[{budget.done}/{budget.trials}] trial {finished.number}: {result}{best}", style
        )

    def baseline_ended(
        self, name: str, mae: float | None, reason: str, *, best: tuple[str, float]
    ) -> None:
        """Prints the score of a textbook baseline and updates the score to beat."""
        shown = name.replace("_", " ")
        is_best = best[0] == name
        self.budget.baseline, self.budget.baseline_mae = best[0].replace("_", " "), best[1]
        if mae is None:
            self.note(f"baseline {shown}: failed: {reason}")
        else:
            self.note(f"baseline {shown}: MAE {self.quantity(mae)}{', the one to beat' * is_best}")

    def finalists_started(self, seeds: Sequence[int]) -> None:
        """Prints that the best trials are retrained, each with this number of fresh seeds."""
        best = "the best trial" if len(seeds) == 1 else f"the best {len(seeds)} trials"
        counts = " and ".join(map(str, sorted(set(seeds), reverse=True)))
        self.note(f"Retraining {best} with {counts} fresh seed{'s' * (counts != '1')}.")
        self.budget.retrainings = sum(seeds)
        self._ended.clear()
        self.pace.restart()

    def finalist_ended(self, finished: FinishedTrial, searched: float) -> None:
        """Prints the result of a finalist."""
        if finished.state == "complete" and finished.score is not None:
            averaged = finished.metrics.get("validation/averaged_mae")
            together = "" if averaged is None else f", seeds averaged {averaged:.3f}"
            score = f"MAE {self.quantity(finished.score)}"
            result = f"{score}{together} ({searched:.3f} in the search)"
        else:
            result = f"{finished.state}: {finished.reason}"
        self.note(f"trial {finished.number} with fresh seeds: {result}")

    def interrupted(self) -> None:
        """Prints that no new trial starts."""
        self.finishing = True
        self.note("Interrupted: finishing the running trials; press Ctrl-C again to stop now.")

    def note(self, text: str) -> None:
        """Prints a line."""
        self.console.print(Text(text), soft_wrap=True)

    def _line(self, text: str, style: str) -> None:  # noqa: ARG002
        """Prints the line of a trial and the remaining time."""
        left = f"  · {self.pace.left} left" if self.pace.left and not self.finishing else ""
        self.note(text + (left if self.budget.done < self.budget.trials else ""))

    @property
    def count(self) -> tuple[int, int]:
        """Number of finished trials (or retrainings), and their total number."""
        budget = self.budget
        if budget.retrainings:
            return len(self._ended), budget.retrainings
        return budget.done, budget.trials

    def _update_pace(self) -> None:
        """Estimates the remaining time from the limit that is reached first at this pace.

        A target score is ignored: when it will be reached cannot be predicted.
        """
        done, total = self.count
        at = done + sum(training.share for training in self.running.values())
        if self.budget.retrainings:
            self.pace.update(at, total - at, inf)
            return
        first, epochs_first = self._first
        most, limit, limits = inf, inf, self.budget.limits
        if limits:
            epochs = self.budget.tally.epochs + sum(
                training.progress.step + 1
                for training in self.running.values()
                if training.progress
            )
            each = self.pace.spent / max(epochs - epochs_first, 1)
            most = each * (limits.epochs - epochs)
            limit = limits.seconds - self.pace.spent
        self.pace.update(at - first, total - at, most, self.budget.finals, limit)

    def quantity(self, value: float) -> str:
        """Returns a score with its unit."""
        return f"{value:.3f} {self.budget.unit}".strip()


class QuietDisplay(Display):
    """A display that prints only the summary of the study."""

    def note(self, text: str) -> None:
        """Prints nothing."""
