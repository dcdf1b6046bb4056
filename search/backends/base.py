"""What proposes points: the contract of a backend, and the word each answer has."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import inf
from typing import Any

from search.space.space import Point


class Answer(Enum):
    """What a backend says instead of proposing a point."""

    WAIT = "wait"  # it needs the result of a running trial first
    EXHAUSTED = "exhausted"  # it has nothing left to propose


@dataclass(frozen=True)
class Proposal:
    """A point to train.

    Attributes:
        point: values of the active parameters.
        epochs: for how long, where the backend decides it (Hyperband); None leaves it to
            `training.epochs`.
        parent: number of the trial that it goes on with, from what that one had come to.
        initial_epoch: epochs that the parent has behind it.
        notes: the backend's own words about it, kept with the trial.
    """

    point: Point
    epochs: int | None = None
    parent: int | None = None
    initial_epoch: int = 0
    notes: dict[str, Any] = field(default_factory=dict)


# What a trial came to: one number, or one an objective. Lower is better.
Score = float | tuple[float, ...]


@dataclass(frozen=True)
class Recorded:
    """A trial of the ledger, as a backend is told of it.

    Attributes:
        number: of the trial.
        proposal: what the backend proposed then.
        state: complete, pruned, failed, or None while it runs (or must run again).
        score: of a complete trial, with several objectives one number each; the last one of a
            pruned trial.
        asked: position of its ask among all asks and tells of the study.
        told: likewise of its tell; None while it runs.
    """

    number: int
    proposal: Proposal
    state: str | None
    score: Score | None
    asked: int
    told: int | None


class Backend(ABC):
    """Proposes points and learns from their scores; it never trains. Lower scores are better."""

    # Whether it can learn from several objectives, once `aim` has told it how many.
    multi_objective = False

    # Trials above which proposing one takes a good part of the time that logging it takes.
    comfortable = inf

    # Whether it proposes a point again for more epochs, so that it alone knows when it is done.
    multi_fidelity = False

    @abstractmethod
    def ask(self, number: int) -> Proposal | Answer:
        """Returns the point of trial `number`, or why there is none."""

    @abstractmethod
    def enqueue(self, number: int, point: Point) -> Proposal:
        """Opens trial `number` at `point`, in place of what was proposed for it, if anything."""

    def aim(self, objectives: int) -> None:
        """Prepares it for so many objectives, before the first trial.

        Raises:
            ValueError: it learns from one alone.
        """
        if objectives > 1 and not self.multi_objective:
            raise ValueError(f"{type(self).__name__} has one objective, not {objectives}")

    @abstractmethod
    def tell(self, number: int, state: str, score: Score | None) -> None:
        """Takes the end of trial `number`: complete, pruned or failed."""

    @abstractmethod
    def restore(self, trials: Sequence[Recorded]) -> None:
        """Takes the trials of the ledger, in the order of their numbers, before the first ask."""
