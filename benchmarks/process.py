"""Runs a command and measures it with all of its child processes."""

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
_EVERY = 0.5  # seconds between two looks
_MEMORY_EVERY = 6  # looks: reading the memory of five processes takes a tenth of a second


@dataclass(frozen=True)
class Measured:
    """A command that has ended.

    Attributes:
        seconds: from its start to its end.
        cpu: seconds of all its processes; the last half second of each may be missing.
        peak: MB, the largest sum of their memory; what they share counts once.
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
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=folder,
            env=environment(),
            stdout=out,
            stderr=complaints,
        )
        family = _Family(process.pid)
        status = process.wait()
        seconds = time.monotonic() - started
        family.stop()
        out.seek(0)
        said = out.read()
        if status:
            complaints.seek(0)
            told = complaints.read()
            raise SystemExit(f"{' '.join(words)} ended with status {status}:\n{said}{told}")
    return Measured(seconds, sum(family.cpu.values()), family.peak / 2**20, said)


def environment() -> dict[str, str]:
    """Returns the environment of a user who has set nothing; the packages are those of this one."""
    ours = ("TF_", "OMP_", "OPENBLAS_", "MKL_", "MLFLOW_", "KERAS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}


class _Family:
    """Watches a process and those that come from it, which nobody may wait for.

    Attributes:
        cpu: seconds of each process that was seen.
        peak: bytes.
    """

    def __init__(self, pid: int) -> None:
        self.cpu: dict[int, float] = {}
        self.peak = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> None:
        """Ends watching."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        looks = 0
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
            looks += 1
            if looks % _MEMORY_EVERY == 0:
                self.peak = max(self.peak, sum(map(_memory, family)))


def _memory(process: psutil.Process) -> int:
    """Returns bytes; of what processes share, each counts its part."""
    try:
        memory = process.memory_full_info()
    except psutil.Error:
        return 0
    return int(getattr(memory, "pss", memory.rss))
