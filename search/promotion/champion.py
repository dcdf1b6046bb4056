"""Refits an evaluated trial on all readings as a champion with prediction intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from search.baselines.scoring import score_baselines
from search.errors import BadInput
from search.promotion.served import forecaster_of
from search.retraining.evaluation import Evaluation
from search.retraining.fresh_seeds import train_plans
from search.retraining.recorded_run import Recorded, RecordedRun
from search.seeds import CALIBRATION, CHAMPION
from search.serving.inputs import TIME
from search.serving.intervals import Interval, intervals
from search.serving.loading import Served
from search.study.callback import Observe
from search.trial.data import ALL, VALIDATION
from search.trial.result import Result
from search.trial.trial import Plan


@dataclass(frozen=True, eq=False)
class Champion:
    """A refitted trial or ensemble.

    Attributes:
        plans: plans of the trainings on all readings.
        result: result of these trainings; it has no scores.
        validation: result on the validation folds; its residuals give the intervals.
        forecaster: forecaster to register.
        coverage: share of the test block's readings inside each interval, by level in percent.
    """

    plans: Sequence[Plan]
    result: Result
    validation: Result
    forecaster: Served
    coverage: dict[int, float]


def refit_trial(recorded: RecordedRun, evaluation: Evaluation, observe: Observe) -> Champion:
    """Trains a trial on all readings, and on the validation folds for the residuals.

    Args:
        recorded: the run as it was evaluated.
        evaluation: its evaluation on the test block, from which the coverage is measured.
        observe: opens the display of the trainings.

    Raises:
        BadInput: a training failed.
    """
    config, series = recorded.config, recorded.series
    beside = score_baselines(series, config.task)
    final = recorded.with_executions(1).keeping_model()
    plans = [
        *recorded.plans(VALIDATION, beside, CALIBRATION, "intervals"),
        *final.plans(ALL, beside, CHAMPION, "on all readings"),
    ]
    validation, result = trained_completely(plans, recorded, observe)
    spans = intervals([e.actual - e.forecast for e in validation.executions])
    return Champion(
        plans=plans[1:],
        result=result,
        validation=validation,
        forecaster=forecaster_of(recorded, spans, result.artifacts["model.keras"]),
        coverage=coverage_of(spans, evaluation.result),
    )


def trained_completely(
    plans: Sequence[Plan], recorded: Recorded, observe: Observe
) -> tuple[Result, ...]:
    """Trains plans and returns their results, in the same order.

    Raises:
        BadInput: a training failed.
    """
    results = train_plans(plans, recorded.config, observe, unit=recorded.series.unit)
    for one in results:
        if one.state != "complete":
            raise BadInput(f"retraining run {recorded.record.run_id} failed: {one.reason}")
    return results


def example_of(recorded: Recorded, forecaster: Served) -> pd.DataFrame:
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


def coverage_of(spans: Sequence[Interval], result: Result) -> dict[int, float]:
    """Returns the share of a result's readings inside each interval, by level in percent."""
    return {
        span.level: float(np.mean([span.covered(e.actual, e.forecast) for e in result.executions]))
        for span in spans
    }
