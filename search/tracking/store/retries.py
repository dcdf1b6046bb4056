"""Retries the calls to a store that is temporarily unavailable.

MLflow itself retries when a server answers 503 or not at all, and waits 20 s for a locked database.
This module waits longer, and also retries when the disk is full.
"""

import errno
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

_PATIENCE = 120.0  # seconds
_PAUSES = (1.0, 15.0)  # seconds: the first pause and the longest one
_FULL_OR_SLOW = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EAGAIN, errno.ESTALE)


class StoreTrouble(RuntimeError):
    """The store has become unavailable; its studies can be resumed later."""


class PatientClient:
    """An `MlflowClient` that retries each call while the store is unavailable.

    A call that is retried may already have succeeded on the server, so a run may be created twice.
    The unused one stays open, and is marked as lost when the study ends or is resumed.
    """

    def __init__(self, client: MlflowClient) -> None:
        self._client = client
        self._checks: list[Callable[[], None]] = []

    @contextmanager
    def guarded(self, check: Callable[[], None]) -> Iterator[None]:
        """Runs `check` before each call and each retry within this context."""
        self._checks.append(check)
        try:
            yield
        finally:
            self._checks.remove(check)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return patient(self._guarded(found)) if callable(found) else found

    def _guarded(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def checked(*arguments: Any, **keywords: Any) -> Any:
            for check in self._checks:
                check()
            return call(*arguments, **keywords)

        return checked


def patient(call: Callable[..., Any]) -> Callable[..., Any]:
    """Returns `call` with retries for two minutes while the store is unavailable.

    Raises:
        StoreTrouble: the store is still unavailable after that.
    """

    @wraps(call)
    def retried(*arguments: Any, **keywords: Any) -> Any:
        until = time.monotonic() + _PATIENCE
        pause, longest = _PAUSES
        while True:
            try:
                return call(*arguments, **keywords)
            except (MlflowException, OSError) as error:
                if not _temporary(error):
                    raise
                if time.monotonic() > until:
                    raise StoreTrouble(
                        f"The store was unavailable for minutes: {_first_line(error)}\n"
                        "No finished trial is lost; run the same command to resume."
                    ) from error
                if pause == _PAUSES[0]:
                    sys.stderr.write(f"The store is unavailable, waiting: {_first_line(error)}\n")
            time.sleep(pause)
            pause = min(2 * pause, longest)

    return retried


def _temporary(error: Exception) -> bool:
    """Returns whether the same call may succeed later."""
    if isinstance(error, MlflowException):
        # The error of MLflow's client after its own retries have failed.
        given_up = str(error).startswith("API request to") and error.error_code == "INTERNAL_ERROR"
        return given_up or bool(error.error_code == "TEMPORARILY_UNAVAILABLE")
    return isinstance(error, OSError) and (
        error.errno in _FULL_OR_SLOW or isinstance(error, ConnectionError | TimeoutError)
    )


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
