"""Refits an evaluated ensemble on all readings, and makes forecasters of recorded ensembles."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from search.baselines.scoring import Baseline, Targets, score_baselines
from search.baselines.textbook import all_baselines
from search.ensembles.build import result_of
from search.errors import BadInput
from search.promotion.best_epochs import with_best_epochs
from search.promotion.champion import Champion, coverage_of, trained_completely
from search.promotion.served import net_of, properties
from search.retraining.ensemble.recorded import RecordedEnsemble
from search.retraining.ensemble.reproduction import choice
from search.retraining.evaluation import Evaluation
from search.retraining.recorded_run import RecordedRun
from search.seeds import CHAMPION, derived
from search.serving.ensemble import EnsembleForecaster, ServedMember
from search.serving.intervals import Interval, intervals
from search.study.callback import Observe
from search.tracking.store.files import read_bytes
from search.trial.data import ALL
from search.trial.result import Result
from search.trial.trial import Plan


def without_early_stopping(recorded: RecordedEnsemble) -> RecordedEnsemble:
    """Returns the ensemble with trials that train for a fixed number of epochs.

    Raises:
        BadInput: the store has no curve for a trial.
    """
    trials = [
        trial if trial.config.training.patience is None else with_best_epochs(trial)
        for trial in recorded.trials
    ]
    return replace(recorded, trials=tuple(trials))


def refit_ensemble(
    recorded: RecordedEnsemble, evaluation: Evaluation, observe: Observe
) -> Champion:
    """Trains the members on all readings. The residuals are those of the study's validation.

    Args:
        recorded: the ensemble as it was evaluated.
        evaluation: its evaluation on the test block, from which the coverage is measured.
        observe: opens the display of the trainings.

    Raises:
        BadInput: a training failed, or a baseline could not be fitted.
    """
    series, config = recorded.series, recorded.config
    beside = score_baselines(series, config.task)
    plans = [
        plan for trial in recorded.trials for plan in _final_plans(trial, beside, recorded.seeds)
    ]
    results = trained_completely(plans, recorded, observe)
    models = [result.artifacts["model.keras"] for result in results]
    by_trial = [models[i : i + recorded.seeds] for i in range(0, len(models), recorded.seeds)]
    baselines = all_baselines(series, config.task, recorded.textbook, ALL)
    validation = _validation(recorded)
    spans = intervals([e.actual - e.forecast for e in validation.executions])
    return Champion(
        plans=plans,
        result=Result(-1, "complete", block=ALL, duration=sum(one.duration for one in results)),
        validation=validation,
        forecaster=_forecaster(recorded, spans, by_trial, baselines),
        coverage=coverage_of(spans, evaluation.result),
    )


def stored_ensemble(recorded: RecordedEnsemble) -> EnsembleForecaster:
    """Returns the forecaster of the members as the study trained them, one seed of each trial.

    They were trained on the readings before the last fold's targets, not on all readings.

    Raises:
        BadInput: a trial has no stored model, or a baseline could not be fitted.
    """
    series, config = recorded.series, recorded.config
    models = []
    for trial in recorded.trials:
        model = read_bytes(recorded.client, trial.record.run_id, "model.keras")
        if model is None:
            raise BadInput(
                f"run {trial.record.run_id}, a member of the ensemble, has no model.keras:\n"
                "set tracking.models=all to keep the models of all trials"
            )
        models.append([model])
    baselines = all_baselines(series, config.task, recorded.textbook)
    spans = intervals([e.actual - e.forecast for e in _validation(recorded).executions])
    return _forecaster(recorded, spans, models, baselines)


def _validation(recorded: RecordedEnsemble) -> Result:
    """Returns the result by which the study scored the ensemble on the validation folds."""
    chosen = choice(recorded, recorded.candidates())
    return result_of(chosen.forecasts, Targets.of(recorded.series, recorded.config.task))


def _final_plans(trial: RecordedRun, beside: Sequence[Baseline], seeds: int) -> Iterator[Plan]:
    """Yields the plans that train a trial on all readings, one for each seed."""
    final = trial.with_executions(1).keeping_model()
    number = trial.record.number
    for i in range(seeds):
        seed = derived(trial.config.study.seed, number, CHAMPION, i)
        yield final.plan(ALL, beside, seed=seed, title=f"on all readings, seed {i + 1}")


def _forecaster(
    recorded: RecordedEnsemble,
    spans: Sequence[Interval],
    models: Sequence[Sequence[bytes]],
    baselines: Sequence[Baseline],
) -> EnsembleForecaster:
    """Returns the forecaster of an ensemble.

    Args:
        recorded: the ensemble.
        spans: its prediction intervals.
        models: .keras files of each trial, one for each seed.
        baselines: fitted baselines.

    Raises:
        BadInput: a baseline that is a member could not be fitted.
    """
    fitted = {one.name: one.parameters for one in baselines}
    nets = (
        tuple(net_of(trial, model) for model in seeds)
        for trial, seeds in zip(recorded.trials, models, strict=True)
    )
    members = [
        ServedMember(one.name, one.weight, parameters=_parameters(one.name, fitted))
        if one.kind == "baseline"
        else ServedMember(one.name, one.weight, next(nets))
        for one in recorded.ensemble.members
    ]
    return EnsembleForecaster(
        **properties(recorded, spans), median=recorded.ensemble.median, members=tuple(members)
    )


def _parameters(name: str, fitted: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    if not fitted.get(name):
        raise BadInput(
            f"the baseline {name}, a member of the ensemble, cannot be stored as parameters:\n"
            "it could not be fitted in time, it is your own, or its timestamps are irregular"
        )
    return fitted[name]
