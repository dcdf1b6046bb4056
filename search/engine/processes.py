"""Where workers come from: one process imports TensorFlow, and each worker is a fork of it.

Importing takes seconds of a core and is done once, while the coordinator does other things; a
worker that is replaced is there at once. Only Linux forks a process that holds such libraries
safely; elsewhere every worker is spawned and imports for itself.
"""

import multiprocessing
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker

from search.engine.environment import prepare_process

METHOD = "forkserver" if sys.platform == "linux" else "spawn"
# What a trial imports, and what a worker runs in.
MODULES = (
    "search.engine.artifacts",
    "search.trial.model",
    "search.trial.training",
    "search.engine.dask_worker",
)


def warm_up(threads: int) -> None:
    """Starts the process that workers are forked from and returns at once, while it imports.

    Later calls do nothing as long as it lives; it ends with this process and its workers.

    Args:
        threads: of a training process.
    """
    if METHOD != "forkserver":
        return
    prepare_process(threads)
    multiprocessing.get_context(METHOD).set_forkserver_preload([*MODULES])
    with uninterrupted():
        forkserver.ensure_running()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Holds Ctrl-C back while processes start, and in those processes for good.

    A process that is interrupted while it starts tells of it in sixty lines. The signal mask is
    inherited; the coordinator takes what was held back when all of them are up. A signal may come
    by way of another thread all the same: until then, it is noted and raises nothing.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # now: its start ends with a mask that lets Ctrl-C through
    noted: list[int] = []
    in_main = threading.current_thread() is threading.main_thread()
    handler = (
        signal.signal(signal.SIGINT, lambda number, _: noted.append(number)) if in_main else None
    )
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if in_main:
            signal.signal(signal.SIGINT, handler)
        if noted:
            raise KeyboardInterrupt
