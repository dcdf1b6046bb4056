"""Where trials run: the contract of an engine, and what it tells the study."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from search.trial.result import Result
from search.trial.trial import Plan, Progress


@dataclass(frozen=True)
class Lost:
    """A trial whose worker died; nothing of it is known."""

    number: int
    reason: str


# How long to wait for events before looking at interrupts and the clock again.
TICK = 0.2  # seconds

Event = Progress | Result | Lost
Handler = Callable[[Event], None]


class Engine(ABC):
    """Runs plans and tells what happens to them; it never decides.

    It is a context manager: leaving it ends every process it started.
    """

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many trials can run at once."""

    @abstractmethod
    def submit(self, plan: Plan) -> None:
        """Takes a plan; it runs as soon as a slot is free."""

    @abstractmethod
    def wait(self, handle: Handler, timeout: float) -> None:
        """Hands over what has happened, in order; returns after at least one event or `timeout` s.

        `handle` may call `stop`.
        """

    @abstractmethod
    def stop(self, number: int, step: int) -> None:
        """Tells a running trial that it ended at epoch `step`; its result still comes."""

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(self, *error: object) -> None:
        """Ends every process of the engine."""
