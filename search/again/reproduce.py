"""Trains a run again from what was logged, in a fresh process, and compares: `sweepcast reproduce`.

The same bits are expected: every epoch's losses, the scores, the predictions and the weights.
"""

import csv
import json
import sys
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from math import isfinite
from typing import Any

from rich.text import Text

from search.again.comparison import (
    COMPILATION,
    HASHES,
    REMARKS,
    cells_of,
    compare,
    compare_hashes,
    curves_of,
    environment_changes,
    scores_of,
    source_changes,
    verdict,
)
from search.again.recall import Recalled, recall
from search.baselines import score_baselines
from search.checkpoints import FILE
from search.compilation import COMPILATIONS
from search.data import VALIDATION
from search.engine import open_engine
from search.engine.base import TICK, Engine, Event, Lost
from search.errors import BadInput
from search.progress import Budget, Display, open_display
from search.result import Result
from search.tables import new_table
from search.terminal import Parser, console
from search.tracking import names
from search.tracking.files import read_artifact
from search.tracking.reading import Record, all_curves, trial_runs
from search.trial import Plan, Progress, Start


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
    environment, forecasts = _environment(recalled), _forecasts(recalled)
    chain = [*_ancestors(recalled, options.trust), recalled]
    plan = _plan(recalled)
    ledger = recalled.ledger
    out = console()
    changed = [what for what in environment_changes(environment) if not what.startswith(REMARKS)]
    if not quiet:
        said = [*environment_changes(environment), *source_changes(record, ledger.tags)]
        for line in said or ["Versions, machine, thread settings and commit are as recorded."]:
            out.print(Text(f"differs: {line}" if said else line), soft_wrap=True)
    run_id = ledger.start_again("reproduction", plan, {names.REPRODUCES: record.run_id})
    with ExitStack() as stack:
        stack.callback(ledger.lose_if_open, run_id, "interrupted")
        here = replace(recalled.config.engine, workers=1)
        process = replace(recalled.config, engine=here)
        engine = stack.enter_context(open_engine(process, jobs=1))
        name, unit = plan.baselines[0][0].replace("_", " "), recalled.series.unit
        budget = Budget(0, name, plan.baseline_mae, unit, again=len(chain))
        display = stack.enter_context(open_display(out, budget, quiet=quiet))
        result, handed_on = _trained_in_turn(chain, engine, display)
        again = json.loads(_text(result, "environment.json") or "{}")
        compared = [
            compare("curves", all_curves(client, record), curves_of(result)),
            compare(
                "scores", scores_of(record.metrics), scores_of(result.metrics(plan.baseline_mae))
            ),
            compare("predictions", forecasts, cells_of(_text(result, "predictions.csv"))),
            *(compare_hashes(what, environment, again) for what in HASHES),
        ]
        if len(chain) > 1:
            expected = {
                str(one.record.number): one.record.tag(names.CHECKPOINT) for one in chain[1:]
            }
            compared.append(
                compare_hashes("checkpoints", {"checkpoints": expected}, {"checkpoints": handed_on})
            )
        tolerance = options.tolerance
        # To the bit, a run repeats under the very same versions alone.
        identical = all(one.same(tolerance) for one in compared) and not (changed and not tolerance)
        outcome = verdict(record, result, changed, compared, tolerance)
        ledger.end_reproduction(run_id, result, plan.baseline_mae, outcome)
    table = new_table()
    for heading in ("compared", "figures", "differ", "largest difference"):
        table.add_column(heading, justify="left" if heading == "compared" else "right")
    for one in compared:
        largest = "–" if one.what.startswith("hashes") else f"{one.largest:.3g}"
        table.add_row(one.what, str(one.count), str(one.differing), largest)
    out.print(table)
    out.print(Text(outcome), soft_wrap=True)
    out.print(Text(f"run:  {run_id}"))
    sys.stdout.flush()
    return 0 if identical else 1


def _forecasts(recalled: Recalled) -> dict[str, float]:
    """Returns what a run forecast.

    Raises:
        BadInput: its predictions.csv is gone or damaged.
    """
    run_id = recalled.record.run_id
    predictions = read_artifact(recalled.client, run_id, "predictions.csv")
    if predictions is None:
        raise BadInput(f"run {run_id} has no predictions.csv any more: nothing to compare")
    try:
        forecasts = cells_of(predictions)
        if not forecasts:
            raise ValueError("predictions.csv holds none")
        return forecasts
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        raise BadInput(f"the files of run {run_id} are damaged: {error!r}") from None


def _environment(recalled: Recalled) -> dict[str, Any]:
    """Returns what a run noted of its environment.

    Raises:
        BadInput: its environment.json is damaged.
    """
    run_id = recalled.record.run_id
    noted = read_artifact(recalled.client, run_id, "environment.json") or "{}"
    try:
        environment = dict(json.loads(noted))
        for what in HASHES:
            dict(environment.get(what, {}))
        compilation = environment.get(COMPILATION)
        if compilation is not None and compilation not in COMPILATIONS:
            raise ValueError(f"{COMPILATION} {compilation!r}")
        return environment
    except (ValueError, TypeError) as error:
        raise BadInput(f"the files of run {run_id} are damaged: {error!r}") from None


def _plan(recalled: Recalled) -> Plan:
    """Returns the plan that the run was trained by."""
    record = recalled.record
    beside = score_baselines(recalled.series, recalled.config.task)
    seed = record.whole("seed")
    return replace(
        recalled.plan(VALIDATION, beside, seed=seed, title="again"),
        ends_at=_last_epoch(record) if record.state == "pruned" else None,
        compilation=_environment(recalled).get(COMPILATION),
    )


def _last_epoch(record: Record) -> int:
    if "epochs" not in record.metrics:
        raise BadInput(f"run {record.run_id} has no metric epochs any more: where did it end?")
    return int(record.metrics["epochs"]) - 1


def _ancestors(recalled: Recalled, trusted: Collection[str]) -> list[Recalled]:
    """Returns the trials that a run goes on with, the first one first.

    Raises:
        BadInput: one of them cannot be trained again.
    """
    parent = recalled.record.tags.get(names.CONTINUES)
    if parent is None:
        return []
    if not parent.isdigit() or int(parent) >= recalled.record.number:
        raise BadInput(f"run {recalled.record.run_id} cannot go on with trial {parent!r}")
    run = recalled.client.get_run(recalled.study.run_id)
    runs = trial_runs(recalled.client, run.info.experiment_id, recalled.study.run_id, int(parent))
    complete = next((one for one in runs if one.state == "complete"), None)
    if complete is None:
        raise BadInput(f"run {recalled.record.run_id} goes on with trial {parent}, which is gone")
    earlier = recall(complete.run_id, trusted)
    return [*_ancestors(earlier, trusted), earlier]


def _trained_in_turn(
    chain: Sequence[Recalled], engine: Engine, display: Display
) -> tuple[Result, dict[str, str]]:
    """Trains trials of which each goes on with the one before.

    Returns:
        The last one's result, and by trial the hash of what it went on with.

    Raises:
        BadInput: the process died, or an earlier trial of the chain failed.
    """
    start: Start | None = None
    handed_on: dict[str, str] = {}
    for recalled, following in pairwise(chain):
        plan = replace(_plan(recalled), start=start, continuable=True)
        result = _trained(plan, engine, display)
        checkpoint = result.artifacts.get(FILE)
        if checkpoint is None:
            raise BadInput(f"trial {plan.number}, with which it goes on, failed: {result.reason}")
        start = Start(following.proposal.initial_epoch, checkpoint)
        handed_on[str(following.record.number)] = sha256(checkpoint).hexdigest()
    plan = replace(_plan(chain[-1]), start=start)
    return _trained(plan, engine, display), handed_on


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


def _text(result: Result, name: str) -> str:
    return result.artifacts.get(name, b"").decode()
