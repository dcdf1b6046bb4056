"""Repeats an ensemble: its members are trained again and its choice is made again."""

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from search.baselines.scoring import Targets
from search.baselines.textbook import all_baselines
from search.ensembles.build import stacked
from search.ensembles.candidates import Candidate, read_forecasts
from search.ensembles.selection import Selection, select
from search.errors import BadInput
from search.retraining.comparison import Comparison, compare
from search.retraining.ensemble.recorded import RecordedEnsemble
from search.retraining.reproduction import Reproduction, reproduce
from search.study.callback import Observe
from search.tracking import names
from search.tracking.store.files import read_bytes
from search.trial.result import FORECASTS


def reproduce_ensemble(
    recorded: RecordedEnsemble,
    observe: Observe,
    *,
    tolerance: float,
    trusted: Collection[str],
    report: Callable[[Sequence[str]], None],
) -> Reproduction:
    """Trains every member again, fits the baselines again, and repeats the choice of the weights.

    Each trial is compared by `search.retraining.reproduction`, and gets a run there. The choice is
    repeated from the stored forecasts of all candidates; those of the members must be the
    forecasts that were just compared.

    Args:
        recorded: the ensemble.
        observe: opens the display of the trainings.
        tolerance: largest difference that counts as equal.
        trusted: other packages whose builders a trial may name.
        report: called before each training with the changes since then.

    Raises:
        BadInput: a file is missing or damaged, or a training died.
    """
    compared: list[Comparison] = []
    outcomes: list[str] = []
    for trial in recorded.trials:
        again = reproduce(trial, observe, tolerance=tolerance, trusted=trusted, report=report)
        compared += again.compared
        if not again.identical:
            outcomes.append(again.verdict)
    candidates = recorded.candidates()
    compared += [*_of_members(recorded, candidates), *_of_choice(recorded, candidates)]
    different = [one.what for one in compared if not one.same(tolerance)]
    name = recorded.record.name
    if different:
        verdict = f"DIFFERS: repeating {name} gave different {', '.join(dict.fromkeys(different))}."
    elif outcomes:
        verdict = outcomes[0]
    elif any(one.differing for one in compared):
        verdict = f"Equal within {tolerance:g}: {name} was repeated."
    else:
        verdict = f"Bit-for-bit identical: {name} was repeated."
    tags = {names.REPRODUCES: recorded.record.run_id, names.RESULT: verdict, names.NOTE: verdict}
    run_id = recorded.begin("reproduction", (), tags)
    recorded.ledger.end_run(run_id, {})
    return Reproduction(run_id, compared, not (different or outcomes), verdict)


def _of_members(
    recorded: RecordedEnsemble, candidates: Sequence[Candidate]
) -> Iterator[Comparison]:
    """Compares the stored forecasts of the members with their runs, and with refitted baselines."""
    weights = recorded.ensemble.combination.weights
    members = [one for one, weight in zip(candidates, weights, strict=True) if weight > 0]
    config = recorded.config
    fitted = {
        one.name: one.forecasts
        for one in all_baselines(recorded.series, config.task, recorded.textbook)
    }
    for kind, of_kind in (
        ("forecasts of trials", [one for one in members if one.kind != "baseline"]),
        ("forecasts of baselines", [one for one in members if one.kind == "baseline"]),
    ):
        before: dict[str, float] = {}
        now: dict[str, float] = {}
        for one in of_kind:
            content = read_bytes(recorded.client, one.run_id, FORECASTS) if one.run_id else None
            again = read_forecasts(content) if one.run_id else fitted.get(one.name, ())
            before |= _cells(one.name, one.forecasts)
            now |= _cells(one.name, again)
        if before:
            yield compare(kind, before, now)


def _of_choice(recorded: RecordedEnsemble, candidates: Sequence[Candidate]) -> Iterator[Comparison]:
    """Compares the weights and errors with those of the repeated choice."""
    ensemble, again = recorded.ensemble, choice(recorded, candidates)
    weights = {f"{i}": one.weight for i, one in enumerate(ensemble.candidates)}
    now = {f"{i}": float(weight) for i, weight in enumerate(again.combination.weights)}
    yield compare("weights", weights, now)
    yield compare("errors of the rules", ensemble.errors, again.errors)


def choice(recorded: RecordedEnsemble, candidates: Sequence[Candidate]) -> Selection:
    """Repeats the choice of an ensemble from the stored forecasts of its candidates.

    Raises:
        BadInput: the stored forecasts do not fit the study.
    """
    targets = Targets.of(recorded.series, recorded.config.task)
    try:
        return select(stacked(candidates), targets.actual)
    except (ValueError, IndexError) as error:
        run_id = recorded.record.run_id
        raise BadInput(f"the candidates of run {run_id} do not fit the study: {error}") from None


def _cells(name: str, forecasts: Sequence[NDArray[np.float64]]) -> dict[str, float]:
    """Returns forecasts by the name of their candidate, their fold and their place."""
    return {
        f"{name} {fold} {place}": float(value)
        for fold, made in enumerate(forecasts)
        for place, value in enumerate(np.ravel(made))
    }
