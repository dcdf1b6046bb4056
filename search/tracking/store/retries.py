"""A client that waits while the store is in trouble, and says so when it gives up.

MLflow itself asks a server again that answers 503 or nothing, and waits 20 s for a locked database;
this waits longer, and for a disk that is full.
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
_PAUSES = (1.0, 15.0)  # seconds: the first one, and the longest
_FULL_OR_SLOW = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EAGAIN, errno.ESTALE)


class StoreTrouble(RuntimeError):
    """The store cannot be used any more; what it holds can be gone on with."""


class PatientClient:
    """An `MlflowClient` each of whose calls is tried again while the store is in trouble.

    A call that is tried again may have been carried out before: a run may be created twice. The
    one that nobody knows of stays open, and is marked lost when the study ends or is resumed.
    """

    def __init__(self, client: MlflowClient) -> None:
        self._client = client
        self._checks: list[Callable[[], None]] = []

    @contextmanager
    def guarded(self, check: Callable[[], None]) -> Iterator[None]:
        """Lets `check` come before each call meanwhile, and each time that it is tried again."""
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
    """Returns `call`, tried again for minutes while the store is in trouble.

    Raises:
        StoreTrouble: it still is after that.
    """

    @wraps(call)
    def tried(*arguments: Any, **keywords: Any) -> Any:
        until = time.monotonic() + _PATIENCE
        pause, longest = _PAUSES
        while True:
            try:
                return call(*arguments, **keywords)
            except (MlflowException, OSError) as error:
                if not _passing(error):
                    raise
                if time.monotonic() > until:
                    raise StoreTrouble(
                        f"The store could not be used for minutes: {_said(error)}\n"
                        "No trial that had ended is lost: the same command goes on."
                    ) from error
                if pause == _PAUSES[0]:
                    sys.stderr.write(
                        f"The store cannot be used just now, waiting: {_said(error)}\n"
                    )
            time.sleep(pause)
            pause = min(2 * pause, longest)

    return tried


def _passing(error: Exception) -> bool:
    """Whether the same call may succeed later."""
    if isinstance(error, MlflowException):
        # What MLflow's client says of a server that it gave up asking.
        given_up = str(error).startswith("API request to") and error.error_code == "INTERNAL_ERROR"
        return given_up or bool(error.error_code == "TEMPORARILY_UNAVAILABLE")
    return isinstance(error, OSError) and (
        error.errno in _FULL_OR_SLOW or isinstance(error, ConnectionError | TimeoutError)
    )


def _said(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
