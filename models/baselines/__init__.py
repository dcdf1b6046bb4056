"""Forecasters without a neural net: what a sweep has to beat.

T steps of a series, N forecast origins, H horizon. A baseline is a function from a Problem to a
Forecast; it is fitted on [0, train_stop) and a forecast from an origin sees nothing after it.
"""

from models.baselines.climatology import climatology
from models.baselines.linear import linear_ar, linear_ar_calendar
from models.baselines.naive import (
    drift,
    persistence,
    seasonal_naive,
)
from models.baselines.problem import Forecast, Problem

__all__ = [
    "Forecast",
    "Problem",
    "baselines",
    "climatology",
    "drift",
    "linear_ar",
    "linear_ar_calendar",
    "persistence",
    "seasonal_naive",
]


def baselines(problem: Problem, *, tune: Problem | None = None) -> tuple[Forecast, ...]:
    """Forecasts a problem by every baseline.

    Args:
        problem: what is fitted on and forecast.
        tune: where the linear baselines choose their lag count, if not on the origins of `problem`:
            the validation block, when `problem` is about the test block. They are then fitted
            again on the training part of `problem`.

    Returns:
        persistence, seasonal_naive, drift, climatology, linear_ar, linear_ar_calendar. The linear
        ones are left out where the training part is too short to fit a single lag.
    """
    forecasts = (
        persistence(problem),
        seasonal_naive(problem),
        drift(problem),
        climatology(problem),
        linear_ar(problem, tune=tune),
        linear_ar_calendar(problem, tune=tune),
    )
    return tuple(forecast for forecast in forecasts if forecast is not None)
