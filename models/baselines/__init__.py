"""Baseline forecasters, which a sweep has to beat.

T is the number of steps of a series, N the number of forecast origins and H the horizon. A baseline
is a function from a Problem to a Forecast. It is fitted on [0, train_stop), and a forecast uses no
reading after its origin. `forecast_from` repeats it later from the parameters of the Forecast.
"""

from models.baselines.climatology import climatology
from models.baselines.history import History
from models.baselines.linear import linear_ar, linear_ar_calendar
from models.baselines.naive import drift, persistence, seasonal_naive
from models.baselines.problem import Forecast, Problem
from models.baselines.ridge import ridge
from models.baselines.stored import forecast_from

__all__ = [
    "Forecast",
    "History",
    "Problem",
    "baselines",
    "climatology",
    "drift",
    "forecast_from",
    "linear_ar",
    "linear_ar_calendar",
    "persistence",
    "ridge",
    "seasonal_naive",
]


def baselines(problem: Problem, *, tune: Problem | None = None) -> tuple[Forecast, ...]:
    """Returns the forecasts of all baselines for a problem.

    Args:
        problem: the problem to fit the baselines on and to forecast.
        tune: the problem on whose origins the linear baselines choose their number of lags; by
            default `problem`. If `problem` covers the test block, pass the validation block. The
            baselines are then fitted again on the training part of `problem`.

    Returns:
        The forecasts of persistence, seasonal_naive, drift, climatology, linear_ar and
        linear_ar_calendar. The linear baselines are left out if the training part is too short to
        fit a single lag.
    """
    forecasts = (
        persistence(problem),
        seasonal_naive(problem),
        drift(problem),
        climatology(problem),
        linear_ar(problem, tune=tune),
        linear_ar_calendar(problem, tune=tune),
        ridge(problem, tune=tune),
    )
    return tuple(forecast for forecast in forecasts if forecast is not None)
