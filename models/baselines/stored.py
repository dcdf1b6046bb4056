"""Forecasts of a baseline from its stored parameters, without fitting it again."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DatasetError, clipped
from datasets.parsing.frequency import (
    Timestamps,
    check_length,
    grid,
    offset_of,
    shown,
    steps_after,
    steps_between,
)
from models.baselines.climatology import apply_climatology
from models.baselines.history import History, Readings
from models.baselines.linear import apply_linear
from models.baselines.naive import apply_drift, apply_persistence, apply_seasonal_naive
from models.baselines.parameters import Parameters
from models.baselines.problem import Apply
from models.baselines.ridge import apply_ridge
from models.baselines.textbook import apply_arima, apply_ets, apply_mstl, apply_theta
from models.errors import CannotForecast

_METHODS: dict[str, Apply] = {
    "persistence": apply_persistence,
    "seasonal_naive": apply_seasonal_naive,
    "drift": apply_drift,
    "climatology": apply_climatology,
    "linear_ar": apply_linear,
    "linear_ar_calendar": apply_linear,
    "ridge": apply_ridge,
    "auto_ets": apply_ets,
    "auto_arima": apply_arima,
    "theta": apply_theta,
    "mstl": apply_mstl,
}
_MOST_YEARS = 1000  # between the fitted series and a history


def forecast_from(parameters: Mapping[str, Any], history: History) -> NDArray[np.float64]:
    """Returns the next H steps of a history, [H], as a study would forecast them.

    The forecast equals that of the study if the history begins where the fitted series does, or
    before. If it begins later, this still holds for the methods that look back a fixed number of
    steps. The textbook methods remember everything since the first fitted step. In a history that
    begins later, or that continues for more than 1.25 times their `longest_history` after that
    step, they start at the last `longest_history` steps, from a state that suits the first of them.
    This also bounds the time of a forecast to about 1 s.

    Args:
        parameters: `Forecast.parameters` of the baseline, possibly read from JSON.
        history: the readings up to now. Its horizon is at most the one that was fitted.

    Raises:
        CannotForecast: a ValueError; the history is too short or does not fit the baseline, or the
            parameters are damaged.
    """
    if not isinstance(parameters, Mapping):
        raise CannotForecast("The parameters of a baseline must be given by name.")
    method = parameters.get("method")
    if not isinstance(method, str) or method not in _METHODS:
        raise CannotForecast(
            f"{clipped(repr(method))} is not a baseline: possible are {', '.join(_METHODS)}."
        )
    given = Parameters(parameters)
    readings = _readings(given, history)
    readings.require(given.whole("least", 1))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of short or constant histories
        try:
            forecast = _METHODS[method](given, readings)[0]
        except CannotForecast:
            raise
        except Exception as error:  # statsforecast raises anything
            reason = clipped(str(error)).rstrip(".") or type(error).__name__
            raise CannotForecast(
                f"{method} cannot forecast from this history: {reason}."
            ) from error
    if forecast.shape != (history.horizon,) or not np.isfinite(forecast).all():
        raise CannotForecast(f"{method} has no finite forecast of this history.")
    return np.asarray(forecast, dtype=np.float64)


def _readings(given: Parameters, history: History) -> Readings:
    """Returns a history with the timestamps of its targets and its place in the fitted series."""
    frequency, times = given.text("frequency"), history.timestamps.astype("datetime64[s]")
    begins = _moment(given.text("begins"))
    if not abs(times[0] - begins) < np.timedelta64(_MOST_YEARS * 366, "D"):
        raise given.damaged("begins", f"a time within {_MOST_YEARS} years of the history")
    try:
        regular = _is_regular(times, frequency)
        ahead = steps_after(times[-1], frequency, history.horizon)
        first = steps_between(begins, times[0], frequency)
    except (ValueError, OverflowError):
        raise given.damaged("frequency", "a frequency such as D or MS") from None
    if not regular:
        raise CannotForecast(
            f"The history from {shown(times[0])} to {shown(times[-1])} must have every step of the "
            f"frequency {frequency}."
        )
    return Readings(
        values=history.values,
        inputs=history.inputs,
        timestamps=np.concatenate([times, ahead]),
        origins=np.array([len(times) - 1]),
        horizon=history.horizon,
        first=first,
        limited=True,
    )


def _is_regular(times: Timestamps, frequency: str) -> bool:
    offset_of(frequency)
    try:
        check_length(times, frequency)  # a grid of seconds for years does not fit in memory
    except DatasetError:
        return False
    return np.array_equal(grid(times[0], times[-1], frequency), times)


def _moment(text: str) -> np.datetime64:
    try:
        return np.datetime64(text, "s")
    except ValueError:
        return np.datetime64("NaT", "s")
