"""What a study has behind it: the trials that have ended, and those to be run again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from search.backends.base import Proposal, Score


@dataclass(frozen=True)
class FinishedTrial:
    """A trial that has ended, as the study needs it."""

    number: int
    state: str
    metrics: dict[str, float]
    reason: str = ""

    @property
    def score(self) -> float | None:
        """`validation/mae`, where there is one."""
        return self.metrics.get("validation/mae")

    @property
    def epochs(self) -> int:
        """How many it has trained, over all executions."""
        return int(self.metrics.get("epochs", 0))

    def objective_values(self, objectives: Sequence[str]) -> Score | None:
        """Returns what a backend learns of it: the score, or one number an objective."""
        return objective_values(self.metrics, objectives)


@dataclass
class Totals:
    """What the ended trials of a study come to, kept as they end: a study may have thousands.

    Attributes:
        trials: that have ended.
        epochs: that they have trained.
        best: score and number of the best complete one; None before there is one.
    """

    trials: int = 0
    epochs: int = 0
    best: tuple[float, int] | None = None

    @classmethod
    def of(cls, finished: Iterable[FinishedTrial]) -> Self:
        """Returns what these trials come to."""
        tally = cls()
        for trial in finished:
            tally.add(trial)
        return tally

    def add(self, trial: FinishedTrial) -> None:
        """Takes a trial that has ended."""
        self.trials += 1
        self.epochs += trial.epochs
        if trial.state == "complete" and trial.score is not None:
            scored = (trial.score, trial.number)
            self.best = scored if self.best is None else min(self.best, scored)


@dataclass
class StudyHistory:
    """What a study has behind it: the trials of the ledger that count.

    Attributes:
        finished: ended trials.
        keys: their points, as `point_key` writes them, to their numbers.
        originals: numbers of trials whose score was reused, by those of their repetitions.
        again: trials that were running, to be run again.
        next_number: of the first new trial.
    """

    finished: list[FinishedTrial] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    originals: dict[int, int] = field(default_factory=dict)
    again: list[tuple[int, Proposal]] = field(default_factory=list)
    next_number: int = 0


def objective_values(metrics: Mapping[str, float], objectives: Sequence[str]) -> Score | None:
    """Returns the objectives among the metrics of a trial; None where one is missing."""
    if not all(name in metrics for name in objectives):
        return None
    values = tuple(metrics[name] for name in objectives)
    return values if len(values) > 1 else values[0]
