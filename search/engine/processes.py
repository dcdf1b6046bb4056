"""Starts worker processes: one process imports TensorFlow, and each worker is a fork of it.

The import takes seconds of CPU time. It is done once, while the coordinator does other work, and
replacement workers start immediately. Only on Linux is it safe to fork a process with such
libraries; on other systems every worker is spawned and imports them itself.
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
# The modules that a trial and a worker need.
MODULES = (
    "search.engine.artifacts",
    "search.trial.model",
    "search.trial.training",
    "search.engine.dask_worker",
)


def warm_up(threads: int) -> None:
    """Starts the process that workers are forked from, without waiting for its imports.

    Further calls do nothing while that process runs. It ends with this process and its workers.

    Args:
        threads: number of threads of a training process.
    """
    if METHOD != "forkserver":
        return
    prepare_process(threads)
    multiprocessing.get_context(METHOD).set_forkserver_preload([*MODULES])
    with uninterrupted():
        forkserver.ensure_running()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Blocks Ctrl-C while processes start, and permanently in those processes.

    A process that is interrupted while it starts prints a traceback of sixty lines. Processes
    inherit the signal mask; the coordinator receives the blocked signal once all have started. A
    signal may still arrive through another thread; it is recorded and raised at the end.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # start it first, because its start unblocks Ctrl-C
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
