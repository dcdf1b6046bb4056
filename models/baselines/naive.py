"""Baselines that repeat or extrapolate the last values."""

import numpy as np

from datasets.transform import seasons_ago
from models.baselines.problem import Forecast, Problem


def persistence(problem: Problem) -> Forecast:
    """Forecasts the last value at every step."""
    last = problem.values[problem.origins, None]
    return Forecast("persistence", np.repeat(last, problem.horizon, axis=1), {})


def seasonal_naive(problem: Problem) -> Forecast:
    """Forecasts the value one season before the target, from the last season known at the origin.

    If that value lies before the start of the series, the forecast is the last value.
    """
    source = problem.targets - seasons_ago(np.arange(1, problem.horizon + 1), problem.season)
    source = np.where(source < 0, problem.origins[:, None], source)
    return Forecast("seasonal_naive", problem.values[source], {"season": problem.season})


def drift(problem: Problem) -> Forecast:
    """Forecasts a line from the last value, with the mean change per step of the training part."""
    first, last = problem.values[0], problem.values[problem.train_stop - 1]
    change = float(last - first) / (problem.train_stop - 1)
    ahead = change * np.arange(1, problem.horizon + 1)
    predictions = problem.values[problem.origins, None] + ahead
    return Forecast("drift", predictions, {"change_per_step": change})
