"""Trains a run again from what was logged, in a fresh process, and compares: `sweepcast reproduce`.

The same bits are expected: every epoch's losses, the scores, the predictions and the weights.
"""

import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Any

from rich.table import Table
from rich.text import Text

from search.again.recall import Recalled, recall
from search.baselines import score_baselines
from search.data import VALIDATION
from search.engine import open_engine
from search.engine.base import TICK, Engine, Event, Lost
from search.errors import BadInput
from search.nested import flatten
from search.progress import Budget, Display, open_display
from search.result import Result
from search.runtime import describe
from search.terminal import Parser, console
from search.tracking import names
from search.tracking.files import read_artifact
from search.tracking.reading import Record, all_curves
from search.trial import Plan, Progress

# What environment.json holds beside versions, machine and settings.
_HASHES = ("weights", "predictions")
# What may differ without an effect: the kernel of the operating system.
_REMARKS = ("platform ",)


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


def reproduce(arguments: list[str], *, quiet: bool) -> int:
    """Trains RUN again and shows what is identical; returns 0 if all of it is, else 1.

    Raises:
        BadInput: there is no such run, its series or files are gone or have changed.
    """
    parser = Parser(prog="sweepcast reproduce")
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--tolerance", type=float, default=0.0)
    parser.add_argument("--trust", action="append", default=[], metavar="PACKAGE")
    options = parser.parse_args(arguments)
    if not (isfinite(options.tolerance) and options.tolerance >= 0):
        parser.error(f"--tolerance is {options.tolerance}: expected a number of at least 0")
    recalled = recall(options.run, options.trust)
    client, record = recalled.client, recalled.record
    if record.state not in ("complete", "pruned"):
        raise BadInput(
            f"run {record.run_id} is {record.state or 'still running'}: it has no result to compare"
        )
    environment = json.loads(read_artifact(client, record.run_id, "environment.json") or "{}")
    predictions = read_artifact(client, record.run_id, "predictions.csv")
    if predictions is None:
        raise BadInput(f"run {record.run_id} has no predictions.csv any more: nothing to compare")
    plan = _plan(recalled)
    ledger = recalled.ledger
    out = console()
    changed = [change for change in _changes(environment) if not change.startswith(_REMARKS)]
    if not quiet:
        said = [*_changes(environment), *_source_changes(record, ledger.tags)]
        for line in said or ["Versions, machine, thread settings and commit are as recorded."]:
            out.print(Text(f"differs: {line}" if said else line), soft_wrap=True)
    run_id = ledger.start_again("reproduction", plan, {names.REPRODUCES: record.run_id})
    with ExitStack() as stack:
        stack.callback(ledger.lose_if_open, run_id, "interrupted")
        here = replace(recalled.config.engine, workers=1, address=None)
        process = replace(recalled.config, engine=here)
        engine = stack.enter_context(open_engine(process, jobs=1))
        budget = Budget(1, 0, None, plan.baseline[0], plan.baseline_mae, "")
        display = stack.enter_context(open_display(out, budget, quiet=quiet))
        result = _trained(plan, engine, display)
        again = json.loads(_text(result, "environment.json") or "{}")
        compared = [
            _compare("curves", all_curves(client, record), _curves(result)),
            _compare("scores", _scores(record.metrics), _scores(result.metrics(plan.baseline_mae))),
            _compare("predictions", _cells(predictions), _cells(_text(result, "predictions.csv"))),
            *(_compare_hashes(what, environment, again) for what in _HASHES),
        ]
        tolerance = options.tolerance
        # To the bit, a run repeats under the very same versions alone.
        identical = all(one.same(tolerance) for one in compared) and not (changed and not tolerance)
        verdict = _verdict(record, result, changed, compared, tolerance)
        ledger.end_reproduction(run_id, result, plan.baseline_mae, verdict)
    table = Table(header_style="bold")
    for heading in ("compared", "figures", "differ", "largest difference"):
        table.add_column(heading, justify="left" if heading == "compared" else "right")
    for one in compared:
        largest = "–" if one.what.startswith("hashes") else f"{one.largest:.3g}"
        table.add_row(one.what, str(one.count), str(one.differing), largest)
    out.print(table)
    out.print(Text(verdict), soft_wrap=True)
    out.print(Text(f"run:  {run_id}"))
    sys.stdout.flush()
    return 0 if identical else 1


def _plan(recalled: Recalled) -> Plan:
    """Returns the plan that the run was trained by."""
    record = recalled.record
    best = score_baselines(recalled.series, recalled.config.task)[0]
    seed = int(record.params["seed"])
    return replace(
        recalled.plan(VALIDATION, best, seed=seed, title="again"),
        ends_at=int(record.metrics["epochs"]) - 1 if record.state == "pruned" else None,
    )


def _trained(plan: Plan, engine: Engine, display: Display) -> Result:
    """Runs the plan to its end.

    Raises:
        BadInput: its process died.
    """
    ends: list[Result] = []

    def take(event: Event) -> None:
        if isinstance(event, Progress):
            display.epoch_ended(event)
        elif isinstance(event, Lost):
            raise BadInput(f"the process that trained it again died: {event.reason}")
        else:
            display.training_ended(event.number)
            ends.append(event)

    display.training_started(plan.number, plan.title)
    engine.submit(plan)
    while not ends:
        engine.wait(take, TICK)
    return ends[0]


def _changes(environment: Mapping[str, Any]) -> Iterator[str]:
    """Yields what of versions, machine and settings is not as when the run was trained."""
    before, now = flatten(environment), flatten(describe())
    for key in sorted(now.keys() | before.keys()):
        if key.partition(".")[0] in _HASHES:  # compared by themselves
            continue
        if before.get(key) != now.get(key):
            yield f"{key} was {before.get(key)!r}, is {now.get(key)!r}"


def _source_changes(record: Record, now: Mapping[str, str]) -> Iterator[str]:
    """Yields how the program's checkout is not as when the run was trained."""
    for key, what in ((names.COMMIT, "commit"), (names.DIFF, "uncommitted changes")):
        if record.tags.get(key) != now.get(key):
            yield f"{what} was {record.tags.get(key)}, is {now.get(key)}"


def _scores(metrics: Mapping[str, float]) -> dict[str, float]:
    derived = ("optimism", "skill_low", "skill_high")
    return {
        name: value
        for name, value in metrics.items()
        if name.startswith("validation/") and not name.endswith(derived)
    }


def _curves(result: Result) -> dict[str, float]:
    """Returns every epoch's figures, under the names that `all_curves` gives them."""
    found: dict[str, float] = {}
    for execution in result.executions:
        shown = execution is result.shown
        place = "" if shown else f"fold_{execution.fold}/execution_{execution.execution}/"
        for epoch in execution.curve:
            for name, value in epoch.figures().items():
                found[f"{place}{name} {epoch.epoch}"] = value
    return found


def _cells(table: str | None) -> dict[str, float]:
    """Returns the forecasts of a predictions.csv, by target and step."""
    rows = csv.DictReader(io.StringIO(table or ""))
    return {
        f"{row['timestamp']} {row['step']} {row['fold']}": float(row["forecast"]) for row in rows
    }


def _text(result: Result, name: str) -> str:
    return result.artifacts.get(name, b"").decode()


def _compare(what: str, recorded: Mapping[str, float], now: Mapping[str, float]) -> Comparison:
    names_ = recorded.keys() | now.keys()
    distances = [abs(recorded.get(name, inf) - now.get(name, -inf)) for name in names_]
    differing = sum(distance != 0 for distance in distances)
    return Comparison(what, len(distances), differing, max(distances, default=0.0))


def _compare_hashes(what: str, recorded: Mapping[str, Any], now: Mapping[str, Any]) -> Comparison:
    """Compares the hashes, one an execution, that were recorded.

    By how much the hashed things differ is not known: with a tolerance above 0, the figures decide.
    """
    before, after = recorded.get(what, {}), now.get(what, {})
    differing = sum(after.get(place) != known for place, known in before.items())
    return Comparison(f"hashes of {what}", len(before), differing, sys.float_info.min)


def _verdict(
    record: Record,
    result: Result,
    changed: Sequence[str],
    compared: Sequence[Comparison],
    tolerance: float,
) -> str:
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
