"""Locks a study, so that only one process runs it.

In a local store, the lock is an operating-system lock on a file in the folder `locks`. It is
released when its process ends for any reason. On a server, the lock is a lease: a tag of the
study's run with a token and a count that the holder increments every few seconds. A lease whose
count no longer changes has expired.
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

_BEAT = 5.0  # seconds between two heartbeats, which increment the count
_PATIENCE = 3 * _BEAT  # seconds without a heartbeat after which a lease has expired
SETTLED = 1.0  # seconds after which one of two tokens written at the same time remains


@contextmanager
def locked(uri: str, study: str) -> Iterator[None]:
    """Holds the lock of a study in a local store. For a server, use `leased`.

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
    except BadInput:  # the study did not start, so no file is left behind
        path.unlink()
        with suppress(OSError):  # the folder contains the locks of other studies
            folder.rmdir()
        raise
    finally:
        lock.release()


@contextmanager
def leased(client: MlflowClient, run_id: str, study: str) -> Iterator[None]:
    """Holds the lease of a study on a server. A local store needs none.

    If another process takes the lease because the heartbeats stopped, each further call of `client`
    raises StoreTrouble.

    Args:
        client: client that `open_store` returned.
        run_id: id of the study's run.
        study: name of the study.

    Raises:
        BadInput: another process holds it.
    """
    if client.tracking_uri.startswith(SQLITE):
        yield
        return
    own = MlflowClient(client.tracking_uri)  # without retries: a heartbeat may be missed
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
        with suppress(MlflowException):  # if the server is gone, the lease expires
            lease.end()


class _Lease:
    """The lease of this process on a study."""

    def __init__(self, client: MlflowClient, run_id: str, study: str) -> None:
        self._client = client
        self._run_id = run_id
        self._study = study
        self._token = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex}"
        self._count = 0
        self._renewed = 0.0  # time of the last heartbeat, by the monotonic clock
        self._lost = False

    def take(self) -> None:
        """Takes the lease if nobody holds it or if it has expired.

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
        """Checks that the lease is still held, and renews it if the last heartbeat is long ago.

        Raises:
            StoreTrouble: another process has taken the lease.
        """
        if time.monotonic() - self._renewed > 2 * _BEAT:
            self._renew()
        if self._lost:
            raise StoreTrouble(
                f"Study {self._study!r} was taken over by another process, which now runs it:\n"
                "this process sent no heartbeat for too long. Its results since are not recorded."
            )

    def beat(self, ended: threading.Event) -> None:
        """Sends heartbeats until `ended` is set or another process has taken the lease."""
        while not (ended.wait(_BEAT) or self._lost):
            with suppress(MlflowException):  # the server is unavailable: the next one may work
                self._renew()

    def end(self) -> None:
        """Releases the lease if it is still held."""
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
        self._renewed = time.monotonic()

    def _read(self) -> str | None:
        tags: dict[str, str] = self._client.get_run(self._run_id).data.tags
        return tags.get(names.LEASE)

    def _is_held(self) -> bool:
        return bool(json.loads(self._read() or "[null]")[0] == self._token)


def held(study: str) -> BadInput:
    """Returns the error for a study that another process is running."""
    return BadInput(
        f"study {study!r} is being run by another process, and two cannot share a study:\n"
        "wait until it ends, or set study.name to another name"
    )
