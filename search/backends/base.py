"""The interface of a backend, which proposes the points of a study."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import inf
from typing import Any

from search.space.space import Point


class Answer(Enum):
    """The answer of a backend that does not propose a point."""

    WAIT = "wait"  # it needs the result of a running trial first
    EXHAUSTED = "exhausted"  # it has nothing left to propose


@dataclass(frozen=True)
class Proposal:
    """A point to train.

    Attributes:
        point: values of the active parameters.
        epochs: number of epochs to train, if the backend decides it (Hyperband); None means
            `training.epochs`.
        parent: number of the trial whose checkpoint training starts from, if any.
        initial_epoch: number of epochs that the parent was trained for.
        notes: the backend's own values for the proposal, stored with the trial.
    """

    point: Point
    epochs: int | None = None
    parent: int | None = None
    initial_epoch: int = 0
    notes: dict[str, Any] = field(default_factory=dict)


# The score of a trial: one number, or one per objective. Lower is better.
Score = float | tuple[float, ...]


@dataclass(frozen=True)
class Recorded:
    """A trial from the MLflow store, as passed to `Backend.restore`.

    Attributes:
        number: number of the trial.
        proposal: the backend's proposal for the trial.
        state: complete, pruned, failed, or None if the trial is running or has to run again.
        score: score of a complete trial (one number per objective), or the last score of a pruned
            trial.
        asked_at: position of the trial's ask among all asks and tells of the study.
        told_at: position of its tell; None while the trial is running.
    """

    number: int
    proposal: Proposal
    state: str | None
    score: Score | None
    asked_at: int
    told_at: int | None


class Backend(ABC):
    """Proposes points and learns from their scores; it never trains. Lower scores are better."""

    # Whether it supports several objectives; `aim` sets their number.
    multi_objective = False

    # Number of trials above which a proposal is slow, compared with the time to log a trial.
    comfortable = inf

    # Whether it may propose a point again with more epochs. Then only the backend can tell when the
    # space is exhausted.
    multi_fidelity = False

    @abstractmethod
    def ask(self, number: int) -> Proposal | Answer:
        """Returns the proposal for trial `number`, or the reason why there is none."""

    @abstractmethod
    def enqueue(self, number: int, point: Point) -> Proposal:
        """Opens trial `number` at `point`, replacing the open proposal for it, if any."""

    def aim(self, objectives: int) -> None:
        """Sets the number of objectives, before the first trial.

        Raises:
            ValueError: the backend supports only one objective.
        """
        if objectives > 1 and not self.multi_objective:
            raise ValueError(f"{type(self).__name__} supports one objective, not {objectives}")

    @abstractmethod
    def tell(self, number: int, state: str, score: Score | None) -> None:
        """Records the end of trial `number`: complete, pruned or failed."""

    @abstractmethod
    def restore(self, trials: Sequence[Recorded]) -> None:
        """Restores the trials from the store, sorted by number, before the first ask."""
