"""Baselines that repeat or extrapolate the last values. N forecast origins, H horizon."""

import numpy as np
from numpy.typing import NDArray

from datasets.transform import seasons_ago
from models.baselines.history import Readings
from models.baselines.parameters import Parameters
from models.baselines.problem import Forecast, Problem, forecast_of


def persistence(problem: Problem) -> Forecast:
    """Forecasts the last value at every step."""
    return forecast_of("persistence", problem, {}, apply_persistence, least=1, settings={})


def apply_persistence(_: Parameters, readings: Readings) -> NDArray[np.float64]:
    """Returns the forecasts [N, H] of persistence."""
    last = readings.values[readings.origins, None]
    return np.repeat(last, readings.horizon, axis=1)


def seasonal_naive(problem: Problem) -> Forecast:
    """Forecasts the value one season before the target, from the last season known at the origin.

    If that value lies before the start of the series, the forecast is the last value.
    """
    fitted = {"season": int(problem.season)}
    # A history may be shorter than a season only if those of the study were.
    least = min(problem.season, int(problem.origins.min()) + 1)
    return forecast_of(
        "seasonal_naive",
        problem,
        fitted,
        apply_seasonal_naive,
        least=least,
        settings={"season": problem.season},
    )


def apply_seasonal_naive(parameters: Parameters, readings: Readings) -> NDArray[np.float64]:
    """Returns the forecasts [N, H] of the seasonal naive method."""
    season = parameters.whole("season", 1)
    source = readings.targets - seasons_ago(np.arange(1, readings.horizon + 1), season)
    source = np.where(source < 0, readings.origins[:, None], source)
    return np.asarray(readings.values[source])


def drift(problem: Problem) -> Forecast:
    """Forecasts a line from the last value, with the mean change per step of the training part."""
    first, last = problem.values[0], problem.values[problem.train_stop - 1]
    change = float(last - first) / (problem.train_stop - 1)
    fitted = {"change_per_step": change}
    return forecast_of(
        "drift", problem, fitted, apply_drift, least=1, settings={"change_per_step": change}
    )


def apply_drift(parameters: Parameters, readings: Readings) -> NDArray[np.float64]:
    """Returns the forecasts [N, H] of drift."""
    ahead = parameters.number("change_per_step") * np.arange(1, readings.horizon + 1)
    return np.asarray(readings.values[readings.origins, None] + ahead)
