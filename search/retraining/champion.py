"""Refits an evaluated trial on all readings as a champion with prediction intervals."""

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from search.baselines.scoring import score_baselines
from search.config.schema import Config
from search.errors import BadInput
from search.retraining.evaluation import Evaluation
from search.retraining.fresh_seeds import train_plans
from search.retraining.recorded_run import RecordedRun, load_run
from search.seeds import CALIBRATION, CHAMPION, derived
from search.serving.forecaster import Forecaster
from search.serving.inputs import TIME
from search.serving.intervals import Interval, intervals
from search.study.callback import Observe
from search.tracking import names
from search.tracking.reading import children, curves
from search.tracking.store.files import read_artifact, read_bytes
from search.trial.data import ALL, VALIDATION, visible
from search.trial.result import Result
from search.trial.trial import Plan


@dataclass(frozen=True, eq=False)
class Champion:
    """A refitted trial.

    Attributes:
        plan: plan of the training on all readings.
        result: result of that training; it has no scores.
        validation: result of fresh seeds, trained for the same number of epochs and scored on the
            validation folds; its residuals give the intervals.
        forecaster: forecaster to register.
        coverage: share of the test block's readings inside each interval, by level in percent.
    """

    plan: Plan
    result: Result
    validation: Result
    forecaster: Forecaster
    coverage: dict[int, float]


def best_epochs(recorded: RecordedRun) -> int:
    """Returns the number of epochs after which the trial's mean validation curve is lowest.

    The curves are those of the trial's fresh seeds if it was a finalist, otherwise its own.

    Raises:
        BadInput: the store has no curve for the trial.
    """
    record = recorded.record
    finalists = [
        run
        for run in children(recorded.client, recorded.study)
        if run.kind == "finalist" and run.state == "complete" and run.number == record.number
    ]
    found = curves(recorded.client, finalists[-1] if finalists else record)
    shortest = min((len(curve) for curve in found), default=0)
    if not shortest:
        raise BadInput(
            f"run {record.run_id} has no curve of validation/mae, which sets the number of epochs"
        )
    means = np.mean([curve[:shortest] for curve in found], axis=0)
    continued = not finalists and names.CONTINUES in record.tags
    before = recorded.proposal.initial_epoch if continued else 0
    return before + int(np.argmin(means)) + 1


def refit(
    recorded: RecordedRun, evaluation: Evaluation, observe: Observe, *, epochs: int
) -> Champion:
    """Trains a trial on all readings, and on the validation folds for the residuals.

    Args:
        recorded: the run as it was evaluated.
        evaluation: its evaluation on the test block, from which the coverage is measured.
        observe: opens the display of the trainings.
        epochs: number of epochs of each training.

    Raises:
        BadInput: a training failed.
    """
    config, series = recorded.config, recorded.series
    beside = score_baselines(series, config.task)
    number, seed = recorded.record.number, config.study.seed
    calibration = recorded.plan(
        VALIDATION, beside, seed=derived(seed, number, CALIBRATION), title="intervals"
    )
    final = recorded.with_executions(1)
    final = replace(final, config=_keeping_model(final.config))
    whole = final.plan(ALL, beside, seed=derived(seed, number, CHAMPION), title="on all readings")
    plans = [replace(plan, epochs=epochs) for plan in (calibration, whole)]
    validation, result = train_plans(plans, config, observe, unit=series.unit)
    for one in (validation, result):
        if one.state != "complete":
            raise BadInput(f"retraining run {recorded.record.run_id} failed: {one.reason}")
    spans = intervals([e.actual - e.forecast for e in validation.executions])
    return Champion(
        plan=plans[1],
        result=result,
        validation=validation,
        forecaster=forecaster_of(recorded, spans, result.artifacts["model.keras"]),
        coverage={span.level: _coverage(span, evaluation.result) for span in spans},
    )


def forecaster_of(recorded: RecordedRun, spans: Sequence[Interval], model: bytes) -> Forecaster:
    """Returns the forecaster of a run's trained model, with the properties of its series."""
    config, series = recorded.config, recorded.series
    return Forecaster(
        series=series.name,
        channels=series.channels,
        target=series.target,
        unit=series.unit,
        frequency=series.frequency,
        max_gap=int(config.dataset.get("max_gap", 0)),
        window_size=config.task.window_size,
        horizon=config.task.horizon,
        lag=visible(series, config.task).season if config.transform.seasonal_difference else 0,
        calendar=config.transform.calendar,
        threads=config.engine.threads,
        dataset={
            key: None if key in ("source", "sha256") else value
            for key, value in config.dataset.items()
        },
        intervals=tuple(spans),
        model=model,
    )


def forecaster_of_run(run: str, trusted: Collection[str]) -> Forecaster:
    """Returns the forecaster of a trial or finalist, with intervals from its own predictions.

    Its model was trained on the readings before the last fold's targets, not on all readings.

    Raises:
        BadInput: the run cannot be loaded, or has no saved model or predictions.
    """
    recorded = load_run(run, trusted)
    run_id = recorded.record.run_id
    model = read_bytes(recorded.client, run_id, "model.keras")
    table = read_artifact(recorded.client, run_id, "predictions.csv")
    if model is None or table is None:
        missing = "model.keras" if model is None else "predictions.csv"
        raise BadInput(
            f"run {run_id} has no {missing}, so it cannot forecast:\n"
            "set tracking.models=all to keep the models of all trials"
        )
    try:
        rows = pd.read_csv(io.StringIO(table))
        by_step = (rows["actual"] - rows["forecast"]).groupby(rows["step"])
        residuals = np.column_stack([group.to_numpy(dtype=float) for _, group in by_step])
        if residuals.shape[1] != recorded.config.task.horizon:
            raise ValueError(f"it has {residuals.shape[1]} steps, unlike task.horizon")
        spans = intervals([residuals])
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise BadInput(f"predictions.csv of run {run_id} is damaged: {error!r}") from None
    return forecaster_of(recorded, spans, model)


def example_of(recorded: RecordedRun, forecaster: Forecaster) -> pd.DataFrame:
    """Returns the shortest history at the end of the series that the forecaster accepts.

    The history starts with a reading of every channel, since a gap there could not be filled.
    """
    series = recorded.series
    start = len(series.values) - forecaster.least
    while np.isnan(series.values[start]).any():
        start -= 1
    steps = slice(start, None)
    values = dict(zip(series.channels, series.values[steps].T, strict=True))
    return pd.DataFrame({TIME: pd.DatetimeIndex(series.timestamps[steps]), **values})


def _keeping_model(config: Config) -> Config:
    return replace(config, tracking=replace(config.tracking, models="all", figures="none"))


def _coverage(span: Interval, result: Result) -> float:
    return float(np.mean([span.covered(e.actual, e.forecast) for e in result.executions]))
