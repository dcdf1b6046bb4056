"""Compares a recorded run with its reproduction, bit for bit."""

import csv
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

from search.config.dotted import flatten
from search.engine.environment import describe_environment
from search.tracking import names
from search.tracking.reading import Record
from search.trial.result import Result

# Entries of environment.json besides versions, machine and settings.
HASHES = ("weights", "predictions")
COMPILATION = "compilation"
# Entries whose differences do not affect the results: the kernel of the operating system.
REMARKS = ("platform ",)


@dataclass(frozen=True)
class Comparison:
    """Recorded and reproduced values of one kind, compared.

    Attributes:
        what: kind of the values, e.g. "scores".
        count: number of values compared.
        differing: number of values that are not identical, bit for bit.
        largest: largest difference; infinite if a value is missing on one side.
    """

    what: str
    count: int
    differing: int
    largest: float

    def same(self, tolerance: float) -> bool:
        """Returns whether no value differs by more than `tolerance`."""
        return not self.differing or self.largest <= tolerance


def environment_changes(environment: Mapping[str, Any]) -> Iterator[str]:
    """Yields the changes in versions, machine and settings since the run was trained."""
    before, now = flatten(environment), flatten(describe_environment())
    for key in sorted(now.keys() | before.keys()):
        if key.partition(".")[0] in (*HASHES, COMPILATION):  # compared or set separately
            continue
        if before.get(key) != now.get(key):
            yield f"{key} was {before.get(key)!r}, is now {now.get(key)!r}"


def source_changes(record: Record, now: Mapping[str, str]) -> Iterator[str]:
    """Yields the changes in the program's Git checkout since the run was trained."""
    for key, what in ((names.COMMIT, "commit"), (names.DIFF, "diff of uncommitted changes")):
        if record.tags.get(key) != now.get(key):
            yield f"{what} was {record.tags.get(key)}, is now {now.get(key)}"


def scores_of(metrics: Mapping[str, float]) -> dict[str, float]:
    """Returns the scores among the metrics of a run, without values derived from them.

    Values that are not finite, such as a MASE without a season, are left out: they are not
    recorded either.
    """
    derived = ("optimism", "skill", "skill_low", "skill_high", "averaged_mae")
    return {
        name: value
        for name, value in metrics.items()
        if name.startswith("validation/")
        and not name.startswith("validation/fold_")  # not recorded by earlier versions
        and not name.endswith(derived)
        and isfinite(value)
    }


def curves_of(result: Result) -> dict[str, float]:
    """Returns the metrics of every epoch, named as in `all_curves`."""
    found: dict[str, float] = {}
    for execution in result.executions:
        shown = execution is result.shown
        place = "" if shown else f"{execution.place}/"
        for epoch in execution.curve:
            for name, value in epoch.figures().items():
                found[f"{place}{name} {epoch.epoch}"] = value
    return found


def cells_of(table: str | None) -> dict[str, float]:
    """Returns the forecasts in a predictions.csv, by timestamp, step and fold."""
    rows = csv.DictReader(io.StringIO(table or ""))
    return {
        f"{row['timestamp']} {row['step']} {row['fold']}": float(row["forecast"]) for row in rows
    }


def compare(what: str, recorded: Mapping[str, float], now: Mapping[str, float]) -> Comparison:
    """Compares values by name. The difference is infinite if a value is missing on one side."""
    names_ = recorded.keys() | now.keys()
    distances = [abs(recorded.get(name, inf) - now.get(name, -inf)) for name in names_]
    differing = sum(distance != 0 for distance in distances)
    return Comparison(what, len(distances), differing, max(distances, default=0.0))


def compare_hashes(what: str, recorded: Mapping[str, Any], now: Mapping[str, Any]) -> Comparison:
    """Compares the recorded hashes, one per execution, with those of the reproduction.

    A hash does not show how large a difference is. With a tolerance above 0 it is ignored.
    """
    before, after = recorded.get(what, {}), now.get(what, {})
    differing = sum(after.get(place) != known for place, known in before.items())
    return Comparison(f"hashes of {what}", len(before), differing, sys.float_info.min)


def verdict(
    record: Record,
    result: Result,
    changed: Sequence[str],
    compared: Sequence[Comparison],
    tolerance: float,
) -> str:
    """Returns the outcome of the comparison in one sentence."""
    if result.state == "failed":
        return f"DIFFERS: retraining {record.name} failed: {result.reason}"
    other = [one.what for one in compared if not one.same(tolerance)]
    if other:
        return f"DIFFERS: retraining {record.name} gave different {', '.join(other)}."
    if changed and not tolerance:
        return (
            f"DIFFERS: {record.name} is bit-for-bit identical, but the environment has changed: "
            f"{'; '.join(changed)}. Use --tolerance to compare only the values."
        )
    if any(one.differing for one in compared):
        return f"Equal within {tolerance:g}: {record.name} was retrained."
    return f"Bit-for-bit identical: {record.name} was retrained."
