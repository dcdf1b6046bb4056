"""Restores a study from its runs in the ledger."""

import json
from collections.abc import Mapping, Sequence

import numpy as np

from search.backends.base import Backend, Proposal, Recorded
from search.errors import BadInput, nearest
from search.pruners import Pruner
from search.space.space import Choice, Point, Space, Value, point_key
from search.study.history import FinishedTrial, StudyHistory, objective_values
from search.tracking import names
from search.tracking.reading import FINISHED, Record


def restore(
    runs: Sequence[Record],
    curves: Mapping[int, list[list[float]]],
    space: Space,
    backend: Backend,
    pruner: Pruner,
    *,
    longest: int,
    objectives: Sequence[str] = ("validation/mae",),
) -> StudyHistory:
    """Restores the backend and the pruner, and returns the history of the study.

    Args:
        runs: runs of trials, including lost ones, in the order in which they started.
        curves: validation curves of finished trials, by number (`tracking.reading.curves`).
        space: space that the trials were drawn from.
        backend: new backend, which is given the trials.
        pruner: new pruner, which is given the curves.
        longest: maximum number of epochs of an execution.
        objectives: metrics that the backend learns from.
    """
    ended = {run.number: run for run in runs if run.state in FINISHED}
    asked = {run.number: run for run in reversed(runs)}  # the first run of each trial
    moments = sorted(
        [run.started for run in asked.values()] + [run.ended or 0 for run in ended.values()]
    )
    place = {moment: i for i, moment in enumerate(moments)}
    past = StudyHistory(next_number=max(asked, default=-1) + 1)
    recorded: list[Recorded] = []
    for number in sorted(asked):
        proposal = proposal_of(asked[number], space)
        run = ended.get(number)
        if run is None:
            past.retries.append((number, proposal))
        else:
            past.keys.setdefault(point_key(proposal.point, proposal.epochs), number)
            original = run.tags.get(names.DUPLICATE_OF)
            if original is not None:
                past.originals[number] = int(original)
            past.finished.append(
                FinishedTrial(number, str(run.state), run.metrics, run.tags.get(names.REASON, ""))
            )
        recorded.append(
            Recorded(
                number=number,
                proposal=proposal,
                state=None if run is None else run.state,
                score=None
                if run is None or run.mae is None
                else objective_values(run.metrics, objectives),
                asked_at=place[asked[number].started],
                told_at=None if run is None else place[run.ended or 0],
            )
        )
    backend.restore(recorded)
    for trial in recorded if pruner.active else ():
        if trial.state is None:
            pruner.start(trial.number)
        else:
            curve = running_scores(curves.get(trial.number, []), longest)
            score = trial.score if isinstance(trial.score, float) else None
            pruner.restore(trial.number, trial.state, score, curve)
    return past


def running_scores(executions: Sequence[Sequence[float]], longest: int) -> dict[int, float]:
    """Returns the scores that a trial reported, by the epoch at which a pruner compares them.

    Args:
        executions: curves of the executions, in the order of training.
        longest: maximum number of epochs of an execution.
    """
    scores: dict[int, float] = {}
    finals: list[float] = []
    for training, curve in enumerate(executions):
        for epoch, score in enumerate(curve):
            scores[training * longest + epoch] = float(np.mean([*finals, score]))
        finals += curve[-1:]
    return scores


def proposal_of(run: Record, space: Space) -> Proposal:
    """Returns what the backend proposed for the trial of a run.

    Raises:
        BadInput: the params or the proposal tag of the run are invalid.
    """
    try:
        point = point_of(run.params, space)
        proposal = Proposal(point, **json.loads(run.tags.get(names.PROPOSAL, "{}")))
    except (ValueError, TypeError) as error:
        raise BadInput(
            f"params or tag {names.PROPOSAL} of run {run.run_id} do not fit its study: {error}"
        ) from None
    numbers = (proposal.epochs, proposal.parent, proposal.initial_epoch)
    if not all(number is None or type(number) is int for number in numbers):
        raise BadInput(f"tag {names.PROPOSAL} of run {run.run_id} has wrong types: {numbers}")
    return proposal


def point_of(params: Mapping[str, str], space: Space) -> Point:
    """Returns the point written in a run's params.

    Raises:
        ValueError: a value is not a number, or not one of the choices.
    """
    point: Point = {}
    for parameter in space.parameters:
        written = params.get(parameter.name)
        if written is None:
            continue
        value: Value
        if isinstance(parameter, Choice):
            values = {names.text(choice): choice for choice in parameter.choices}
            if written not in values:
                raise ValueError(f"{parameter.name} is {written}: {nearest(written, values)}")
            value = values[written]
        else:
            value = int(written) if parameter.integer else float(written)
        point[parameter.name] = value
    return point
