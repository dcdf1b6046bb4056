"""Ridge regression on all inputs of a model: lags, seasons, the calendar and other series.

T steps of a series, N forecast origins, H horizon, P lags.
"""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from datasets.transform import calendar_features
from models.baselines.history import Readings
from models.baselines.linear import (
    FOURIER_PAIRS,
    LAGS,
    absolute_error,
    fitted_horizon,
    is_fittable,
    training_origins,
)
from models.baselines.parameters import Parameters
from models.baselines.problem import Forecast, Problem, forecast_of
from models.errors import CannotForecast
from models.ridge import LinearMap, fit_ridge

Array = NDArray[np.float64]

_INPUT_LAGS = 24  # of each other input


def ridge(problem: Problem, *, tune: Problem | None = None) -> Forecast | None:
    """Regression of the H changes from the last value on lags, seasons, calendar and inputs.

    The features are the last P values, the values one season before the H targets for each season
    (all as changes from the last value), Fourier terms of the year, the day and every season, and
    the last values of each other input. P is the value of LAGS with the smallest absolute error on
    the targets of `tune`; the penalty is chosen by cross-validation inside the training part.

    Args:
        problem: the series and its origins.
        tune: problem on whose targets P is chosen; None uses `problem`.

    Returns:
        The forecast; None if the training part is too short for any number of lags.
    """
    tune = tune or problem
    possible = [lags for lags in LAGS if is_fittable(problem, lags) and is_fittable(tune, lags)]
    if not possible:
        return None

    def error(count: int) -> float:
        return absolute_error(tune, apply_ridge(Parameters(_fitted(tune, count)), tune.readings))

    lags = min(possible, key=error)
    fitted = _fitted(problem, lags)
    settings: dict[str, int | float | str] = {"lags": lags, "penalty": fitted["penalty"]}
    settings["seasons"] = " ".join(map(str, fitted["seasons"]))
    least = max([lags, *fitted["seasons"]])
    return forecast_of("ridge", problem, fitted, apply_ridge, least=least, settings=settings)


def _seasons(problem: Problem) -> list[int]:
    """Returns the seasons that fit in the history of every origin and half the training part."""
    reach = min(int(problem.origins.min()) + 1, problem.train_stop // 2)
    return [int(s) for s in problem.seasons if s > 1 and s + problem.horizon <= reach]


def _fitted(problem: Problem, lags: int) -> dict[str, Any]:
    """Returns the parameters of the regression with P lags."""
    seasons, cycles = _seasons(problem), [int(season) for season in problem.seasons]
    origins = training_origins(problem, lags)
    origins = origins[origins >= max(seasons, default=0)]
    last = problem.values[origins, None]
    ahead = sliding_window_view(problem.values, problem.horizon)[origins + 1]
    features = _features(problem.readings, origins, problem.horizon, lags, seasons, cycles)
    fitted = fit_ridge(features, ahead - last)
    return {
        "lags": lags,
        "seasons": seasons,
        "cycles": cycles,
        "horizon": int(problem.horizon),
        "inputs": problem.inputs.shape[1],
        "penalty": fitted.penalty,
        "coefficients": fitted.coefficients.tolist(),
        "intercept": fitted.intercept.tolist(),
    }


def apply_ridge(parameters: Parameters, readings: Readings) -> Array:
    """Returns the forecasts [N, H] of the regression."""
    lags, seasons = parameters.whole("lags", 1), parameters.wholes("seasons", 1)
    readings.require(max([lags, *seasons]))
    horizon, inputs = fitted_horizon(parameters, readings), readings.inputs.shape[1]
    if inputs != parameters.whole("inputs"):
        raise CannotForecast(
            f"The regression has {parameters.whole('inputs')} inputs, not {inputs}."
        )
    cycles = parameters.wholes("cycles", 1)
    features = _features(readings, readings.origins, horizon, lags, seasons, cycles)
    fitted = LinearMap(
        parameters.array("coefficients", features.shape[1], horizon),
        parameters.array("intercept", horizon),
        parameters.number("penalty"),
    )
    changes = fitted.apply(features)[:, : readings.horizon]
    return np.asarray(readings.values[readings.origins, None] + changes)


def _features(
    readings: Readings,
    origins: NDArray[np.int64],
    horizon: int,
    lags: int,
    seasons: list[int],
    cycles: list[int],
) -> Array:
    """Returns the features [N, …] of origins [N]."""
    values, inputs = readings.values, readings.inputs
    last = values[origins, None]
    recent = [values[origins - lag, None] - last for lag in range(1, lags)]
    ago = [
        values[origins + step - season * -(-step // season), None] - last
        for season in seasons
        for step in range(1, horizon + 1)
    ]
    further = [inputs[origins - lag] for lag in range(min(lags, _INPUT_LAGS))]
    calendar = _calendar(readings, cycles)
    return np.concatenate([*recent, *ago, *further, calendar[origins + 1]], axis=1)


def _calendar(readings: Readings, cycles: list[int]) -> Array:
    """Returns Fourier terms [T, …] of the year and the day, and of the position in each cycle."""
    steps = readings.first + np.arange(len(readings.timestamps))
    harmonics = np.arange(1, FOURIER_PAIRS + 1)
    angles = [2 * np.pi * steps[:, None] * harmonics / cycle for cycle in cycles]
    waves = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
    return np.concatenate([calendar_features(readings.timestamps, FOURIER_PAIRS), *waves], axis=1)
