"""Handles Ctrl-C and SIGTERM: the first lets running trials finish, a second Ctrl-C stops now."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def graceful_interrupts(finish: Callable[[], None]) -> Iterator[None]:
    """Calls `finish` on the first signal and raises KeyboardInterrupt on a second Ctrl-C.

    Further Ctrl-C presses are ignored, so that the study can record the trials it abandons.
    """
    seen = 0

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        nonlocal seen
        seen += 1
        if seen > 1 and number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            raise KeyboardInterrupt
        if seen == 1:
            finish()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
