"""One process a study: who runs it holds a lock, which does not outlive that process for long.

Beside a local store the lock is one of the operating system, on a file in `locks`: it ends with
its process, however that ends. On a server it is a lease: a tag of the study's run with a token
and a count that the holder raises every few seconds. A lease whose count stands still is nobody's.
"""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import cast
from uuid import uuid4

from filelock import FileLock, Timeout
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from search.errors import BadInput
from search.tracking import names
from search.tracking.store.connection import make_folder
from search.tracking.store.files import SQLITE
from search.tracking.store.retries import PatientClient, StoreTrouble

_BEAT = 5.0  # seconds between two raises of the count
_PATIENCE = 3 * _BEAT  # a count that stands still for so long is of a process that died
SETTLED = 1.0  # seconds after which one of two tokens written at once is the last


@contextmanager
def locked(uri: str, study: str) -> Iterator[None]:
    """Holds the lock of a study beside a local store; of a server's, `leased` does it.

    Raises:
        BadInput: another process holds it.
    """
    if not uri.startswith(SQLITE):
        yield
        return
    make_folder(uri)
    folder = Path(uri.removeprefix(SQLITE)).parent / "locks"
    folder.mkdir(exist_ok=True)
    path = folder / f"{sha256(study.encode()).hexdigest()[:16]}.lock"
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise held(study) from None
    try:
        yield
    except BadInput:  # nothing was begun, and nothing is left behind
        path.unlink()
        with suppress(OSError):  # it holds the locks of other studies
            folder.rmdir()
        raise
    finally:
        lock.release()


@contextmanager
def leased(client: MlflowClient, run_id: str, study: str) -> Iterator[None]:
    """Holds the lease of a study on a server; a local store needs none.

    A holder that was silent for too long and lost it to another process uses its client no more.

    Args:
        client: of the store, as `open_store` gives it.
        run_id: of the study.
        study: its name.

    Raises:
        BadInput: another process holds it.
    """
    if client.tracking_uri.startswith(SQLITE):
        yield
        return
    own = MlflowClient(client.tracking_uri)  # one that does not wait: beats may be missed
    lease = _Lease(own, run_id, study)
    lease.take()
    ended = threading.Event()
    beats = threading.Thread(target=lease.beat, args=(ended,), daemon=True)
    beats.start()
    try:
        with cast(PatientClient, client).guarded(lease.check):
            yield
    finally:
        ended.set()
        beats.join()
        with suppress(MlflowException):  # of a server that is gone: the lease ends by itself
            lease.end()


class _Lease:
    """The lease of one study, as this process takes it and holds it."""

    def __init__(self, client: MlflowClient, run_id: str, study: str) -> None:
        self._client = client
        self._run_id = run_id
        self._study = study
        self._token = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex}"
        self._count = 0
        self._raised = 0.0  # when the count was, by the clock that never goes back
        self._lost = False

    def take(self) -> None:
        """Takes the lease from nobody, or from a holder that is silent.

        Raises:
            BadInput: another process holds it.
        """
        before = self._read()
        if before is not None:
            until = time.monotonic() + _PATIENCE
            while time.monotonic() < until:
                time.sleep(SETTLED)
                if self._read() != before:
                    raise held(self._study)
        self._write()
        time.sleep(SETTLED)
        if not self._is_held():
            raise held(self._study)

    def check(self) -> None:
        """Makes sure that it is held, by asking where the last beat is long ago.

        Raises:
            StoreTrouble: another process has taken it.
        """
        if time.monotonic() - self._raised > 2 * _BEAT:
            self._renew()
        if self._lost:
            raise StoreTrouble(
                f"Study {self._study!r} was taken over by another process, which runs it now:\n"
                "this one was silent for too long. What it came to since is not recorded."
            )

    def beat(self, ended: threading.Event) -> None:
        """Raises the count until `ended`, or until another process has taken the lease."""
        while not (ended.wait(_BEAT) or self._lost):
            with suppress(MlflowException):  # a server in trouble: the next beat may reach it
                self._renew()

    def end(self) -> None:
        """Gives it back, if it is still held."""
        if self._is_held():
            self._client.delete_tag(self._run_id, names.LEASE)

    def _renew(self) -> None:
        self._lost = self._lost or not self._is_held()
        if not self._lost:
            self._write()

    def _write(self) -> None:
        self._count += 1
        text = json.dumps([self._token, self._count])
        self._client.set_tag(self._run_id, names.LEASE, text)
        self._raised = time.monotonic()

    def _read(self) -> str | None:
        tags: dict[str, str] = self._client.get_run(self._run_id).data.tags
        return tags.get(names.LEASE)

    def _is_held(self) -> bool:
        return bool(json.loads(self._read() or "[null]")[0] == self._token)


def held(study: str) -> BadInput:
    """Returns the refusal of a study that another process runs."""
    return BadInput(
        f"study {study!r} is being run by another process, which would not know of this one:\n"
        "wait for it to end, or set study.name to another name"
    )
