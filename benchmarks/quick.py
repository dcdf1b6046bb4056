"""Runs a small version of the benchmarks, to check the cost of a change: make bench-quick

Runs two points of the Conv1D search with one execution of a few epochs, most of which is start-up,
and 200 trivial trials; compares logging and start-up with their limits. It takes 2 to 3 minutes.
"""

import contextlib
import os
import tempfile
from argparse import ArgumentParser

from benchmarks.chapter import COLUMNS, conv_ways, rounds_of
from benchmarks.instant import coordination
from benchmarks.limit import logging_row, start_rows
from benchmarks.table import Section, report

POINTS, EPOCHS, TRIALS = 2, 20, 200


def sections() -> tuple[Section, Section]:
    """Runs the benchmarks and returns their tables."""
    ways = conv_ways(POINTS, executions=1, epochs=EPOCHS)
    few = [name for name in ways if "," not in name]  # without the searches that prune
    rows = [*rounds_of("Conv1D", {name: ways[name] for name in few}, rounds=1)]
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        trivial = coordination(TRIALS, "backend=optuna_random")
    tenth = TRIALS // 10
    first, last = trivial.trials[:tenth].mean(), trivial.trials[-tenth:].mean()
    others = [
        logging_row(times=10),
        [
            f"a trivial trial (of {TRIALS})",
            *(f"first {tenth}: {1000 * first:.0f} ms", f"last {tenth}: {1000 * last:.0f} ms"),
            f"{last / first:.2f}",
        ],
        *start_rows(times=1),
    ]
    limits = Section("quick_limits", ("measurement", "reference", "Sweepcast", "ratio"), others)
    return Section("quick", COLUMNS, rows), limits


def main() -> None:
    """Runs the benchmarks and prints their tables."""
    ArgumentParser(description=__doc__).parse_args()
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    for section in sections():
        report(section, write=False)


if __name__ == "__main__":
    main()
