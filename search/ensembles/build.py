"""Builds the ensemble of a study and logs it as a run.

M candidates, N forecast origins of a fold, H horizon.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datasets import Series
from search.baselines.scoring import Baseline, Targets
from search.baselines.skill import skill_ends
from search.config.schema import Task
from search.engine.artifacts import packed_forecasts
from search.ensembles.candidates import Candidate, candidates
from search.ensembles.ensemble import CANDIDATES, FILE, Ensemble, Member
from search.ensembles.pictures import pictures
from search.ensembles.selection import Selection, select
from search.tracking.ledger import Ledger
from search.tracking.reading import Record
from search.trial.result import Execution, Result

Array = NDArray[np.float64]


def build_ensemble(
    ledger: Ledger,
    runs: Sequence[Record],
    series: Series,
    task: Task,
    baselines: Sequence[Baseline],
) -> Ensemble | None:
    """Builds the ensemble of a study and logs it.

    Its metrics and predictions come from forecasts of targets that its weights were not fitted to.

    Args:
        ledger: ledger of the study.
        runs: runs of the study.
        series: series of the study.
        task: task that defines the targets.
        baselines: baselines of the study, best first.

    Returns:
        The ensemble; None if no trial can be a member, or if there are too few targets.
    """
    found = candidates(ledger.client, runs, baselines)
    if all(one.kind == "baseline" for one in found):
        return None
    targets, forecasts = Targets.of(series, task), stacked(found)
    try:
        selection = select(forecasts, targets.actual)
    except ValueError:
        return None
    ensemble = _ensemble(found, selection)
    params = {"ensemble.rule": ensemble.rule, "ensemble.members": len(ensemble.members)}
    for i, one in enumerate(ensemble.members, 1):
        params |= {f"ensemble.member.{i}": one.name, f"ensemble.weight.{i}": one.weight}
    run_id = ledger.start_kind("ensemble", f"ensemble · {ensemble.label}", params, {})
    drawn = pictures(selection.forecasts, targets, series, task, baselines[0], ensemble.label)
    files = {FILE: ensemble.to_json(), CANDIDATES: packed_forecasts(forecasts), **drawn}
    ledger.log_files(run_id, files)
    ledger.end_run(run_id, _metrics(selection, targets, baselines[0]))
    return ensemble


def stacked(found: Sequence[Candidate]) -> list[Array]:
    """Returns the forecasts of all candidates [M, N, H], fold by fold."""
    return [np.stack(fold) for fold in zip(*(one.forecasts for one in found), strict=True)]


def _ensemble(found: Sequence[Candidate], selection: Selection) -> Ensemble:
    combination = selection.combination
    members = tuple(
        Member(one.kind, one.name, one.run_id, float(weight))
        for one, weight in zip(found, combination.weights, strict=True)
    )
    return Ensemble(selection.rule, combination.median, members, selection.errors)


def _metrics(selection: Selection, targets: Targets, best: Baseline) -> dict[str, float]:
    """Returns the scores of an ensemble by their MLflow names."""
    result = result_of(selection.forecasts, targets)
    found = result.metrics(best.mae) | skill_ends(result, best)
    return {name: value for name, value in found.items() if name.startswith("validation/")}


def result_of(forecasts: Sequence[Array], targets: Targets) -> Result:
    """Returns the result of an ensemble with these forecasts [N, H] of each fold."""
    parts = zip(forecasts, targets.actual, targets.seasonal_errors, strict=True)
    executions = tuple(
        Execution(fold, 0, (), actual, made, {}, error)
        for fold, (made, actual, error) in enumerate(parts)
    )
    return Result(-1, "complete", executions=executions, block=targets.block)
