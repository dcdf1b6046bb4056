"""One process a study: who runs it holds a lock, which does not outlive that process for long.

Beside a local store the lock is one of the operating system, on a file in `locks`: it ends with
its process, however that ends. On a server it is a lease: a tag of the study's run with a token
and a count that the holder raises every few seconds. A lease whose count stands still is nobody's.
"""

import _thread
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from search.errors import BadInput
from search.tracking import names
from search.tracking.files import SQLITE
from search.tracking.store import make_folder

_BEAT = 5.0  # seconds between two raises of the count
_PATIENCE = 3 * _BEAT  # a count that stands still for so long is of a process that died
_SETTLED = 1.0  # seconds after which one of two tokens written at once is the last


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
        raise _held(study) from None
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

    Args:
        client: of the store.
        run_id: of the study.
        study: its name.

    Raises:
        BadInput: another process holds it.
    """
    if client.tracking_uri.startswith(SQLITE):
        yield
        return
    client = MlflowClient(client.tracking_uri)  # one that does not wait: beats may be missed
    token = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex}"
    before = _lease(client, run_id)
    if before is not None:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            time.sleep(_SETTLED)
            if _lease(client, run_id) != before:
                raise _held(study)
    _write(client, run_id, token, 0)
    time.sleep(_SETTLED)
    found = _lease(client, run_id)
    if found is None or found[0] != token:
        raise _held(study)
    ended = threading.Event()
    beats = threading.Thread(target=_beat, args=(client, run_id, token, ended), daemon=True)
    beats.start()
    try:
        yield
    finally:
        ended.set()
        beats.join()
        with suppress(MlflowException):  # of a server that is gone: it ends by itself
            client.delete_tag(run_id, names.LEASE)


def _beat(client: MlflowClient, run_id: str, token: str, ended: threading.Event) -> None:
    count = 0
    while not ended.wait(_BEAT):
        count += 1
        with suppress(MlflowException):  # a server in trouble: the next beat may reach it
            found = _lease(client, run_id)
            if (
                found is not None and found[0] != token
            ):  # it was silent for too long, and taken over
                _thread.interrupt_main()
                return
            _write(client, run_id, token, count)


def _write(client: MlflowClient, run_id: str, token: str, count: int) -> None:
    client.set_tag(run_id, names.LEASE, json.dumps([token, count]))


def _lease(client: MlflowClient, run_id: str) -> tuple[str, int] | None:
    text = client.get_run(run_id).data.tags.get(names.LEASE)
    if text is None:
        return None
    token, count = json.loads(text)
    return token, count


def _held(study: str) -> BadInput:
    return BadInput(
        f"study {study!r} is being run by another process, which would not know of this one:\n"
        "wait for it to end, or set study.name to another name"
    )
