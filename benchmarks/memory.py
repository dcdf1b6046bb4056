"""Measures the memory of the workers over a study: python -m benchmarks.memory [--trials N]

Every trial of the study builds a different model, and TensorFlow keeps some memory of each one. The
resident memory of each worker is read twice per second. Draws docs/images/memory.png and prints the
largest value.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import psutil
from matplotlib.figure import Figure

from search.plots import style

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "memory.png"
LIMIT, RECYCLE = 2000, 1200  # MB
STUDY = (
    *("sweep", "experiment=quickstart", "training.epochs=2", "pruner=none", "engine.workers=2"),
    *(f"engine.memory_limit={LIMIT}MB", f"engine.recycle_mb={RECYCLE}", "study.finalists=0"),
    "study.timeout=null",
)

# Number of finished trials, and the memory of a worker at that time in MB.
Reading = tuple[int, float]


def readings(trials: int) -> dict[int, list[Reading]]:
    """Runs the study and returns the readings of each worker by process id."""
    found: dict[int, list[Reading]] = {}
    ended = 0
    over = threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "search", *STUDY, f"study.trials={trials}"],
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
        )

        def watch() -> None:
            while not over.wait(0.5):
                for worker in workers_of(process.pid):
                    try:
                        megabytes = worker.memory_info().rss / 2**20
                    except psutil.Error:
                        continue
                    found.setdefault(worker.pid, []).append((ended, megabytes))

        watcher = threading.Thread(target=watch)
        watcher.start()
        for line in process.stdout or ():
            match = re.match(r"\[(\d+)/\d+\] trial", line)
            ended = int(match[1]) if match else ended
        over.set()
        watcher.join()
    if process.wait() or ended < trials:
        raise SystemExit(f"the study ended with status {process.returncode}, after {ended} trials")
    return found


def workers_of(pid: int) -> list[psutil.Process]:
    """Returns the worker processes of the study that runs as `pid`."""
    try:
        children = psutil.Process(pid).children(recursive=True)
        # Workers are forked from a child of the study or, without forking, spawned by it.
        return [c for c in children if c.ppid() != pid or "spawn_main" in " ".join(c.cmdline())]
    except psutil.Error:
        return []


def drawn(found: dict[int, list[Reading]]) -> Figure:
    """Returns a figure of the memory of each worker over the trials, with the limits."""
    figure, axes = style.new_figure([["all"]], 4.2, title="Memory of two workers", bottom=0.55)
    panel = axes["all"]
    for each in found.values():
        panel.plot(*zip(*each, strict=True), color=style.MODEL, linewidth=1)
    limits = ((LIMIT, "engine.memory_limit", "-"), (RECYCLE, "engine.recycle_mb", "--"))
    for value, text, look in limits:
        panel.axhline(value, color=style.FAILED, linestyle=look, linewidth=1, label=text)
    style.label(panel, x="finished trials", y="resident memory, MB")
    style.legend(panel)
    return figure


def main() -> None:
    """Runs the study, draws the figure and prints the largest memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    options = parser.parse_args()
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    found = readings(options.trials)
    PICTURE.write_bytes(style.to_png(drawn(found)))
    largest = max(megabytes for each in found.values() for _, megabytes in each)
    print(f"largest: {largest:.0f} MB of {LIMIT}; {len(found)} worker processes")  # noqa: T201


if __name__ == "__main__":
    main()
