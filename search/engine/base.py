"""The interface of an engine, and the events that it reports to the study."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from search.trial.result import Result
from search.trial.trial import Plan, Progress


@dataclass(frozen=True)
class Lost:
    """A trial whose worker died before it returned a result."""

    number: int
    reason: str


# How long to wait for events before checking for interrupts and the time limit again.
TICK = 0.2  # seconds

Event = Progress | Result | Lost
Handler = Callable[[Event], None]


class Engine(ABC):
    """Runs plans and reports what happens to them; it makes no decisions.

    An engine is a context manager: leaving it ends all processes that it started.
    """

    @property
    @abstractmethod
    def slots(self) -> int:
        """The number of trials that can run at the same time."""

    @abstractmethod
    def submit(self, plan: Plan) -> None:
        """Queues a plan, which runs as soon as a slot is free."""

    @abstractmethod
    def wait(self, handle: Handler, timeout: float) -> None:
        """Passes events to `handle` in order; returns after at least one event or `timeout` s.

        `handle` may call `stop`.
        """

    @abstractmethod
    def stop(self, number: int, step: int | None) -> None:
        """Stops a running trial; its result is still reported.

        Args:
            number: number of the trial, which has reported an epoch.
            step: epoch after which it stops; None for the epoch that it ends next.
        """

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(self, *error: object) -> None:
        """Ends all processes of the engine."""
