"""Ridge regression on all inputs of a model: lags, seasons, the calendar and other series.

T steps of a series, N forecast origins, H horizon, P lags.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from datasets.transform import calendar_features
from models.baselines.linear import (
    FOURIER_PAIRS,
    LAGS,
    absolute_error,
    is_fittable,
    training_origins,
)
from models.baselines.problem import Forecast, Problem
from models.ridge import fit_ridge

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
    lags = min(possible, key=lambda n: absolute_error(tune, _fit_and_predict(tune, n)[0]))
    predictions, penalty = _fit_and_predict(problem, lags)
    settings: dict[str, int | float | str] = {"lags": lags, "penalty": penalty}
    settings["seasons"] = " ".join(map(str, _seasons(problem)))
    return Forecast("ridge", predictions, settings)


def _seasons(problem: Problem) -> list[int]:
    """Returns the seasons that fit in the history of every origin and half the training part."""
    reach = min(int(problem.origins.min()) + 1, problem.train_stop // 2)
    return [s for s in problem.seasons if s > 1 and s + problem.horizon <= reach]


def _fit_and_predict(problem: Problem, lags: int) -> tuple[Array, float]:
    """Returns the predictions [N, H] of the regression with P lags, and its penalty."""
    seasons = _seasons(problem)
    calendar = _calendar(problem)
    origins = training_origins(problem, lags)
    origins = origins[origins >= max(seasons, default=0)]
    last = problem.values[origins, None]
    ahead = sliding_window_view(problem.values, problem.horizon)[origins + 1]
    fitted = fit_ridge(_features(problem, origins, lags, seasons, calendar), ahead - last)
    changes = fitted.apply(_features(problem, problem.origins, lags, seasons, calendar))
    return problem.values[problem.origins, None] + changes, fitted.penalty


def _features(
    problem: Problem, origins: NDArray[np.int64], lags: int, seasons: list[int], calendar: Array
) -> Array:
    """Returns the features [N, …] of origins [N]."""
    values, inputs = problem.values, problem.inputs
    last = values[origins, None]
    recent = [values[origins - lag, None] - last for lag in range(1, lags)]
    ago = [
        values[origins + step - season * -(-step // season), None] - last
        for season in seasons
        for step in range(1, problem.horizon + 1)
    ]
    further = [inputs[origins - lag] for lag in range(min(lags, _INPUT_LAGS))]
    return np.concatenate([*recent, *ago, *further, calendar[origins + 1]], axis=1)


def _calendar(problem: Problem) -> Array:
    """Returns Fourier terms [T, …] of the year and the day, and of the position in each season."""
    steps = np.arange(len(problem.values))
    harmonics = np.arange(1, FOURIER_PAIRS + 1)
    angles = [2 * np.pi * steps[:, None] * harmonics / season for season in problem.seasons]
    waves = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
    return np.concatenate([calendar_features(problem.timestamps, FOURIER_PAIRS), *waves], axis=1)
