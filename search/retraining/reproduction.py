"""Retrains a run from what was logged, in a new process, and compares all results.

The losses of every epoch, the scores, the predictions and the weights should be identical.
"""

import csv
import json
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import pairwise
from typing import Any

from search.baselines.scoring import score_baselines
from search.engine import open_engine
from search.engine.base import TICK, Engine, Event, Lost
from search.errors import BadInput
from search.retraining.comparison import (
    COMPILATION,
    HASHES,
    REMARKS,
    Comparison,
    cells_of,
    compare,
    compare_hashes,
    curves_of,
    environment_changes,
    scores_of,
    source_changes,
    verdict,
)
from search.retraining.recorded_run import RecordedRun, load_trial
from search.study.callback import Observe, StudyCallback
from search.tracking import names
from search.tracking.reading import Record, all_curves, trial_runs
from search.tracking.store.files import read_artifact
from search.trial.checkpoints import FILE
from search.trial.compilation import COMPILATIONS
from search.trial.data import VALIDATION
from search.trial.result import Result
from search.trial.trial import Plan, Progress, Start


@dataclass(frozen=True)
class Reproduction:
    """The reproduction of a run.

    Attributes:
        run_id: id of the reproduction's run.
        compared: comparison of each kind of values.
        identical: whether all results agree within the tolerance.
        verdict: the outcome in one sentence.
    """

    run_id: str
    compared: Sequence[Comparison]
    identical: bool
    verdict: str


def reproduce(
    recorded: RecordedRun,
    observe: Observe,
    *,
    tolerance: float,
    trusted: Collection[str],
    report: Callable[[Sequence[str]], None],
) -> Reproduction:
    """Retrains a run, compares the result with the recorded one and logs this as a new run.

    Args:
        recorded: the run to reproduce.
        observe: opens the display of the trainings.
        tolerance: largest difference that counts as equal.
        trusted: other packages whose builders an earlier trial of a chain may name.
        report: called before the training with the changes in the environment and the source code.

    Raises:
        BadInput: the run has no result, its files are missing or damaged, or the process died.
    """
    client, record = recorded.client, recorded.record
    if record.state not in ("complete", "pruned"):
        raise BadInput(
            f"run {record.run_id} is {record.state or 'still running'}: it has no result to compare"
        )
    environment, forecasts = _environment(recorded), _forecasts(recorded)
    chain = [*_ancestors(recorded, trusted), recorded]
    plan = _plan(recorded)
    ledger = recorded.ledger
    changed = [what for what in environment_changes(environment) if not what.startswith(REMARKS)]
    report([*environment_changes(environment), *source_changes(record, ledger.tags)])
    run_id = ledger.start_again("reproduction", plan, {names.REPRODUCES: record.run_id})
    with ExitStack() as stack:
        stack.callback(ledger.lose_if_open, run_id, "interrupted")
        one_worker = replace(recorded.config.engine, workers=1)
        process = replace(recorded.config, engine=one_worker)
        engine = stack.enter_context(open_engine(process, jobs=1))
        callback = stack.enter_context(observe(plan, len(chain), recorded.series.unit))
        result, handed_on = _trained_in_turn(chain, engine, callback)
        now = json.loads(_text(result, "environment.json") or "{}")
        compared = [
            compare("curves", all_curves(client, record), curves_of(result)),
            compare(
                "scores", scores_of(record.metrics), scores_of(result.metrics(plan.baseline_mae))
            ),
            compare("predictions", forecasts, cells_of(_text(result, "predictions.csv"))),
            *(compare_hashes(what, environment, now) for what in HASHES),
        ]
        if len(chain) > 1:
            expected = {
                str(one.record.number): one.record.tag(names.CHECKPOINT) for one in chain[1:]
            }
            compared.append(
                compare_hashes("checkpoints", {"checkpoints": expected}, {"checkpoints": handed_on})
            )
        # Identical bits can be expected only with the same versions.
        same = all(one.same(tolerance) for one in compared)
        identical = same and not (changed and not tolerance)
        outcome = verdict(record, result, changed, compared, tolerance)
        ledger.end_reproduction(run_id, result, plan.baseline_mae, outcome)
    return Reproduction(run_id, compared, identical, outcome)


def _forecasts(recorded: RecordedRun) -> dict[str, float]:
    """Returns the forecasts of a run.

    Raises:
        BadInput: predictions.csv is missing or damaged.
    """
    run_id = recorded.record.run_id
    predictions = read_artifact(recorded.client, run_id, "predictions.csv")
    if predictions is None:
        raise BadInput(f"run {run_id} has no predictions.csv: nothing to compare")
    try:
        forecasts = cells_of(predictions)
        if not forecasts:
            raise ValueError("predictions.csv contains no forecasts")
        return forecasts
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        raise BadInput(f"the files of run {run_id} are damaged: {error!r}") from None


def _environment(recorded: RecordedRun) -> dict[str, Any]:
    """Returns the recorded environment of a run.

    Raises:
        BadInput: environment.json is damaged.
    """
    run_id = recorded.record.run_id
    noted = read_artifact(recorded.client, run_id, "environment.json") or "{}"
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


def _plan(recorded: RecordedRun) -> Plan:
    """Returns the plan that the run was trained with."""
    record = recorded.record
    beside = score_baselines(recorded.series, recorded.config.task)
    seed = record.whole("seed")
    return replace(
        recorded.plan(VALIDATION, beside, seed=seed, title="reproduction"),
        ends_at=_last_epoch(record) if record.state == "pruned" else None,
        compilation=_environment(recorded).get(COMPILATION),
    )


def _last_epoch(record: Record) -> int:
    if "epochs" not in record.metrics:
        raise BadInput(f"run {record.run_id} has no metric epochs: its last epoch is unknown")
    return int(record.metrics["epochs"]) - 1


def _ancestors(recorded: RecordedRun, trusted: Collection[str]) -> list[RecordedRun]:
    """Returns the chain of trials that a run continues, earliest first.

    Raises:
        BadInput: one of the trials cannot be retrained.
    """
    parent = recorded.record.tags.get(names.CONTINUES)
    if parent is None:
        return []
    if not parent.isdigit() or int(parent) >= recorded.record.number:
        raise BadInput(f"run {recorded.record.run_id} cannot continue trial {parent!r}")
    run = recorded.client.get_run(recorded.study.run_id)
    runs = trial_runs(recorded.client, run.info.experiment_id, recorded.study.run_id, int(parent))
    complete = next((one for one in runs if one.state == "complete"), None)
    if complete is None:
        raise BadInput(f"run {recorded.record.run_id} continues trial {parent}, which is missing")
    earlier = load_trial(complete, recorded.client, trusted)
    return [*_ancestors(earlier, trusted), earlier]


def _trained_in_turn(
    chain: Sequence[RecordedRun], engine: Engine, callback: StudyCallback
) -> tuple[Result, dict[str, str]]:
    """Trains a chain of trials, each of which continues the one before.

    Returns:
        The result of the last trial, and the hash of the checkpoint that each trial started from,
        by number.

    Raises:
        BadInput: the process died, or an earlier trial of the chain failed.
    """
    start: Start | None = None
    handed_on: dict[str, str] = {}
    for recorded, following in pairwise(chain):
        plan = replace(_plan(recorded), start=start, continuable=True)
        result = _trained(plan, engine, callback)
        checkpoint = result.artifacts.get(FILE)
        if checkpoint is None:
            raise BadInput(f"trial {plan.number}, which the run continues, failed: {result.reason}")
        start = Start(following.proposal.initial_epoch, checkpoint)
        handed_on[str(following.record.number)] = sha256(checkpoint).hexdigest()
    plan = replace(_plan(chain[-1]), start=start)
    return _trained(plan, engine, callback), handed_on


def _trained(plan: Plan, engine: Engine, callback: StudyCallback) -> Result:
    """Runs a plan and returns its result.

    Raises:
        BadInput: the process died.
    """
    ends: list[Result] = []

    def take(event: Event) -> None:
        if isinstance(event, Progress):
            callback.epoch_ended(event)
        elif isinstance(event, Lost):
            raise BadInput(f"the training process died: {event.reason}")
        else:
            callback.training_ended(event.number)
            ends.append(event)

    callback.training_started(plan.number, plan.title)
    engine.submit(plan)
    while not ends:
        engine.wait(take, TICK)
    return ends[0]


def _text(result: Result, name: str) -> str:
    return result.artifacts.get(name, b"").decode()
