"""Runs a command and measures it together with all of its child processes."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
_EVERY = 0.5  # seconds between two readings
_MEMORY_EVERY = 6  # readings, since reading the memory of five processes takes 0.1 s


@dataclass(frozen=True)
class Measured:
    """Measurements of a finished command.

    Attributes:
        seconds: time from its start to its end.
        cpu: CPU seconds of all its processes; the last half second of each may be missing.
        peak: largest sum of the memory of its processes in MB; shared memory counts once.
        out: standard output.
    """

    seconds: float
    cpu: float
    peak: float
    out: str


def measured(words: Sequence[str], folder: Path) -> Measured:
    """Runs `python -m <words>` in `folder` and measures it.

    Raises:
        SystemExit: the command failed.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=folder,
            env=environment(),
            stdout=out,
            stderr=errors,
        )
        family = _Family(process.pid)
        status = process.wait()
        seconds = time.monotonic() - started
        family.stop()
        out.seek(0)
        output = out.read()
        if status:
            errors.seek(0)
            output += errors.read()
            raise SystemExit(f"{' '.join(words)} ended with status {status}:\n{output}")
    return Measured(seconds, sum(family.cpu.values()), family.peak / 2**20, output)


def environment() -> dict[str, str]:
    """Returns the environment without settings of the libraries, with this checkout importable."""
    prefixes = ("TF_", "OMP_", "OPENBLAS_", "MKL_", "MLFLOW_", "KERAS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return {**kept, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}


class _Family:
    """Watches a process and its descendants, including those that nothing waits for.

    Attributes:
        cpu: CPU seconds of each process seen, by process id.
        peak: largest sum of their memory in bytes.
    """

    def __init__(self, pid: int) -> None:
        self.cpu: dict[int, float] = {}
        self.peak = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> None:
        """Stops watching."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        readings = 0
        while not self._over.wait(_EVERY):
            try:
                process = psutil.Process(self._pid)
                family = [process, *process.children(recursive=True)]
            except psutil.Error:
                return
            for each in family:
                with suppress(psutil.Error):
                    times = each.cpu_times()
                    self.cpu[each.pid] = times.user + times.system
            readings += 1
            if readings % _MEMORY_EVERY == 0:
                self.peak = max(self.peak, sum(map(_memory, family)))


def _memory(process: psutil.Process) -> int:
    """Returns the memory of a process in bytes, with its part of the shared memory."""
    try:
        memory = process.memory_full_info()
    except psutil.Error:
        return 0
    return int(getattr(memory, "pss", memory.rss))
