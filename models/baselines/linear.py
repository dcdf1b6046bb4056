"""Linear autoregression, with and without the season, all steps ahead at once.

T steps of a series, N forecast origins, H horizon, P lags, K calendar terms.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from datasets.transform import calendar_features, fit_scaler
from models.baselines.problem import Forecast, Problem

LAGS = (1, 3, 6, 12, 24, 60, 120, 365)
FOURIER_PAIRS = 3
# Readings are standardised first, so this is next to nothing beside hundreds of windows, and still
# gives one answer where a series is constant or one lag repeats another.
ALPHA = 1.0


def linear_ar(problem: Problem, *, tune: Problem | None = None) -> Forecast | None:
    """Ridge regression of the H targets on the last P values.

    P is the one of LAGS with the least absolute error over the observed targets of `tune` (by
    default `problem` itself), fitted on the training part of `tune`. Then the regression is fitted
    on the training part of `problem`.

    Returns:
        The forecast, with P as its setting `lags`. None if the training part is too short for any.
    """
    return _linear("linear_ar", problem, tune or problem, pairs=0)


def linear_ar_calendar(problem: Problem, *, tune: Problem | None = None) -> Forecast | None:
    """`linear_ar` that knows, beside the lags, the target's position in the calendar."""
    return _linear("linear_ar_calendar", problem, tune or problem, pairs=FOURIER_PAIRS)


def _linear(name: str, problem: Problem, tune: Problem, *, pairs: int) -> Forecast | None:
    possible = [lags for lags in LAGS if _is_fittable(problem, lags) and _is_fittable(tune, lags)]
    if not possible:
        return None
    lags = min(possible, key=lambda lags: _absolute_error(tune, lags, pairs))
    settings: dict[str, int | float | str] = {"lags": lags}
    if pairs:
        settings["fourier_pairs"] = pairs
    return Forecast(name, _fit_and_predict(problem, lags, pairs), settings)


def _is_fittable(problem: Problem, lags: int) -> bool:
    """Whether there are two training windows a lag, and `lags` values before every origin."""
    enough = len(_training_origins(problem, lags)) >= 2 * lags
    return enough and int(problem.origins.min()) >= lags - 1


def _training_origins(problem: Problem, lags: int) -> NDArray[np.int64]:
    """Origins in the training part with `lags` values behind and H readings ahead."""
    origins = np.arange(lags - 1, problem.train_stop - problem.horizon)
    ahead = sliding_window_view(problem.observed, problem.horizon)
    return origins[ahead[origins + 1].all(axis=1)]


def _absolute_error(problem: Problem, lags: int, pairs: int) -> float:
    """Sum over the observed targets, which are the same for every lag count."""
    errors = np.abs(_fit_and_predict(problem, lags, pairs) - problem.values[problem.targets])
    return float(errors[problem.observed[problem.targets]].sum())


def _fit_and_predict(problem: Problem, lags: int, pairs: int) -> NDArray[np.float64]:
    """Predictions [N, H] of the regression with this many lags."""
    from sklearn.linear_model import Ridge

    scaler = fit_scaler("standard", problem.values[: problem.train_stop, None])
    values = scaler.apply(problem.values[:, None])[:, 0]
    # Fourier terms of a later step are a rotation of those of the first one: one set serves all H.
    calendar = calendar_features(problem.timestamps, pairs)

    def inputs(origins: NDArray[np.int64]) -> NDArray[np.float64]:
        # Filled column by column: 80,000 windows of 365 lags exist once, not twice.
        matrix = np.empty((len(origins), lags + calendar.shape[1]), order="F")
        for lag in range(lags):
            matrix[:, lag] = values[origins - lag]
        matrix[:, lags:] = calendar[origins + 1]
        return matrix

    origins = _training_origins(problem, lags)
    ahead = sliding_window_view(values, problem.horizon)[origins + 1]
    model = Ridge(ALPHA, copy_X=False).fit(inputs(origins), ahead)
    predictions = model.predict(inputs(problem.origins)).reshape(-1, problem.horizon)
    return scaler.invert_target(predictions, target=0)
