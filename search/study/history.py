"""The history of a study: the trials that have finished, and those to retry."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from search.backends.base import Proposal, Score


@dataclass(frozen=True)
class FinishedTrial:
    """A finished trial, reduced to what the study needs."""

    number: int
    state: str
    metrics: dict[str, float]
    reason: str = ""

    @property
    def score(self) -> float | None:
        """The metric `validation/mae`; None if there is none."""
        return self.metrics.get("validation/mae")

    @property
    def epochs(self) -> int:
        """Number of epochs trained, over all executions."""
        return int(self.metrics.get("epochs", 0))

    def objective_values(self, objectives: Sequence[str]) -> Score | None:
        """Returns what the backend learns from: the score, or one value per objective."""
        return objective_values(self.metrics, objectives)


@dataclass
class Totals:
    """Running totals of the finished trials of a study, which may have thousands.

    Attributes:
        trials: number of finished trials.
        epochs: number of epochs that they trained.
        best: score and number of the best complete trial; None before there is one.
    """

    trials: int = 0
    epochs: int = 0
    best: tuple[float, int] | None = None

    @classmethod
    def of(cls, finished: Iterable[FinishedTrial]) -> Self:
        """Returns the totals of these trials."""
        totals = cls()
        for trial in finished:
            totals.add(trial)
        return totals

    def add(self, trial: FinishedTrial) -> None:
        """Adds a finished trial."""
        self.trials += 1
        self.epochs += trial.epochs
        if trial.state == "complete" and trial.score is not None:
            scored = (trial.score, trial.number)
            self.best = scored if self.best is None else min(self.best, scored)


@dataclass
class StudyHistory:
    """The trials of a study in the ledger, without lost runs.

    Attributes:
        finished: finished trials.
        keys: their numbers, by the `point_key` of their points.
        originals: for each trial that reused a score, the number of the original trial.
        retries: numbers and proposals of the unfinished trials to retry.
        next_number: number of the first new trial.
    """

    finished: list[FinishedTrial] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    originals: dict[int, int] = field(default_factory=dict)
    retries: list[tuple[int, Proposal]] = field(default_factory=list)
    next_number: int = 0


def objective_values(metrics: Mapping[str, float], objectives: Sequence[str]) -> Score | None:
    """Returns the values of the objectives from the metrics of a trial; None if one is missing."""
    if not all(name in metrics for name in objectives):
        return None
    values = tuple(metrics[name] for name in objectives)
    return values if len(values) > 1 else values[0]
