"""Ctrl-C once lets running trials finish, twice stops now; SIGTERM is the same as once."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def graceful_interrupts(finish: Callable[[], None]) -> Iterator[None]:
    """Calls `finish` at the first signal and raises KeyboardInterrupt at the second.

    What follows the second one is not interrupted: the study records what it gives up.
    """
    seen = 0

    def take(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        nonlocal seen
        seen += 1
        if seen > 1 and number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            raise KeyboardInterrupt
        if seen == 1:
            finish()

    before = {number: signal.signal(number, take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
