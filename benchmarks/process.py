"""Runs a command and measures it with all of its child processes."""

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
_EVERY = 0.5  # seconds between two readings of the memory


@dataclass(frozen=True)
class Measured:
    """A command that has ended.

    Attributes:
        seconds: from its start to its end.
        cpu: seconds of all its processes.
        peak: MB, the largest sum of their resident memory; what they share counts in each.
        out: what it printed.
    """

    seconds: float
    cpu: float
    peak: float
    out: str


def measured(words: Sequence[str], folder: Path) -> Measured:
    """Runs `python -m <words>` in `folder`.

    Raises:
        SystemExit: it failed.
    """
    before = _children()
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=folder,
            env=environment(),
            stdout=out,
            stderr=complaints,
        )
        memory = _Memory(process.pid)
        status = process.wait()
        seconds = time.monotonic() - started
        peak = memory.stop()
        out.seek(0)
        said = out.read()
        if status:
            complaints.seek(0)
            told = complaints.read()
            raise SystemExit(f"{' '.join(words)} ended with status {status}:\n{said}{told}")
    return Measured(seconds, _children() - before, peak, said)


def environment() -> dict[str, str]:
    """Returns the environment of a user who has set nothing; the packages are those of this one."""
    ours = ("TF_", "OMP_", "OPENBLAS_", "MKL_", "MLFLOW_", "KERAS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Memory:
    """Watches the resident memory of a process and of those that it started."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> float:
        """Returns the peak in MB."""
        self._over.set()
        self._thread.join()
        return self._peak / 2**20

    def _watch(self) -> None:
        while not self._over.wait(_EVERY):
            try:
                process = psutil.Process(self._pid)
                family = [process, *process.children(recursive=True)]
            except psutil.Error:
                return
            self._peak = max(self._peak, sum(map(_resident, family)))


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
