"""Compares a run with its training anew: what is the same to the bit, and what differs."""

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

# What environment.json holds beside versions, machine and settings.
HASHES = ("weights", "predictions")
COMPILATION = "compilation"
# What may differ without an effect: the kernel of the operating system.
REMARKS = ("platform ",)


@dataclass(frozen=True)
class Comparison:
    """One kind of figures, recorded and trained again.

    Attributes:
        count: how many were compared.
        differing: how many are not the same to the bit.
        largest: difference; infinite where a figure is missing on one side.
    """

    what: str
    count: int
    differing: int
    largest: float

    def same(self, tolerance: float) -> bool:
        """Returns whether nothing differs by more than `tolerance`."""
        return not self.differing or self.largest <= tolerance


def environment_changes(environment: Mapping[str, Any]) -> Iterator[str]:
    """Yields what of versions, machine and settings is not as when the run was trained."""
    before, now = flatten(environment), flatten(describe_environment())
    for key in sorted(now.keys() | before.keys()):
        if key.partition(".")[0] in (*HASHES, COMPILATION):  # compared by themselves; kept to
            continue
        if before.get(key) != now.get(key):
            yield f"{key} was {before.get(key)!r}, is {now.get(key)!r}"


def source_changes(record: Record, now: Mapping[str, str]) -> Iterator[str]:
    """Yields how the program's checkout is not as when the run was trained."""
    for key, what in ((names.COMMIT, "commit"), (names.DIFF, "uncommitted changes")):
        if record.tags.get(key) != now.get(key):
            yield f"{what} was {record.tags.get(key)}, is {now.get(key)}"


def scores_of(metrics: Mapping[str, float]) -> dict[str, float]:
    """Returns the scores among the metrics of a run, without what follows from them.

    What is no number, such as a MASE without a season, is not recorded either.
    """
    derived = ("optimism", "skill_low", "skill_high")
    return {
        name: value
        for name, value in metrics.items()
        if name.startswith("validation/") and not name.endswith(derived) and isfinite(value)
    }


def curves_of(result: Result) -> dict[str, float]:
    """Returns every epoch's figures, under the names that `all_curves` gives them."""
    found: dict[str, float] = {}
    for execution in result.executions:
        shown = execution is result.shown
        place = "" if shown else f"{execution.place}/"
        for epoch in execution.curve:
            for name, value in epoch.figures().items():
                found[f"{place}{name} {epoch.epoch}"] = value
    return found


def cells_of(table: str | None) -> dict[str, float]:
    """Returns the forecasts of a predictions.csv, by target and step."""
    rows = csv.DictReader(io.StringIO(table or ""))
    return {
        f"{row['timestamp']} {row['step']} {row['fold']}": float(row["forecast"]) for row in rows
    }


def compare(what: str, recorded: Mapping[str, float], now: Mapping[str, float]) -> Comparison:
    """Compares figures by name; one that is missing on a side differs infinitely."""
    names_ = recorded.keys() | now.keys()
    distances = [abs(recorded.get(name, inf) - now.get(name, -inf)) for name in names_]
    differing = sum(distance != 0 for distance in distances)
    return Comparison(what, len(distances), differing, max(distances, default=0.0))


def compare_hashes(what: str, recorded: Mapping[str, Any], now: Mapping[str, Any]) -> Comparison:
    """Compares the hashes, one an execution, that were recorded.

    By how much the hashed things differ is not known: with a tolerance above 0, the figures decide.
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
    """Returns in one sentence what the comparison came to."""
    if result.state == "failed":
        return f"DIFFERS: {record.name} failed this time: {result.reason}"
    other = [one.what for one in compared if not one.same(tolerance)]
    if other:
        return f"DIFFERS: {record.name} was trained again with other {', '.join(other)}."
    if changed and not tolerance:
        return (
            f"DIFFERS: {record.name} came out to the bit, but not with what was recorded: "
            f"{'; '.join(changed)}. --tolerance lets the figures alone decide."
        )
    if any(one.differing for one in compared):
        return f"The same within {tolerance:g}: {record.name} was trained again."
    return f"Identical to the bit: {record.name} was trained again."
