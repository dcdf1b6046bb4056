"""Handles Ctrl-C and SIGTERM: the first lets running trials finish, a second Ctrl-C stops now."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """The signals that have arrived so far."""

    def __init__(self) -> None:
        self._seen = 0
        self._finish: Callable[[], None] = lambda: None

    def on_first(self, finish: Callable[[], None]) -> None:
        """Calls `finish` on the first signal, or now if a signal has already arrived."""
        self._finish = finish
        if self._seen:
            finish()

    def handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Handles one signal; see `graceful_interrupts`."""
        self._seen += 1
        if self._seen > 1 and number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            raise KeyboardInterrupt
        if self._seen == 1:
            self._finish()


@contextmanager
def graceful_interrupts() -> Iterator[Interrupts]:
    """Records the first signal and raises KeyboardInterrupt on a second Ctrl-C.

    Python loses an exception that is raised inside a callback of its garbage collector, and Dask
    registers such a callback, so the first signal raises nothing. Further Ctrl-C presses are
    ignored, so that the study can record the trials it abandons.
    """
    interrupts = Interrupts()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, interrupts.handle) for number in numbers}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
