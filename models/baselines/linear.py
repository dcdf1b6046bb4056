"""Linear autoregression with and without calendar terms, with one output for each step ahead.

T is the number of steps of a series, N the number of forecast origins, H the horizon, P the number
of lags and K the number of calendar terms.
"""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from datasets.transform import Scaler, calendar_features, fit_scaler
from models.baselines.history import Readings
from models.baselines.parameters import Parameters
from models.baselines.problem import Forecast, Problem, forecast_of
from models.errors import CannotForecast

LAGS = (1, 3, 6, 12, 24, 60, 120, 365)
FOURIER_PAIRS = 3
# Readings are standardised first, so this penalty is negligible for hundreds of windows. It keeps
# the solution unique if a series is constant or two lags are equal.
ALPHA = 1.0


def linear_ar(problem: Problem, *, tune: Problem | None = None) -> Forecast | None:
    """Forecasts the H targets from the last P values by ridge regression.

    P is the value in LAGS with the smallest absolute error on the observed targets of `tune` (by
    default `problem`), fitted on the training part of `tune`. The regression is then fitted on the
    training part of `problem`.

    Returns:
        The forecast, with P as its setting `lags`, or None if the training part is too short for
        any value in LAGS.
    """
    return _linear("linear_ar", problem, tune or problem, pairs=0)


def linear_ar_calendar(problem: Problem, *, tune: Problem | None = None) -> Forecast | None:
    """Forecasts as `linear_ar` does, with the target's calendar position as additional inputs."""
    return _linear("linear_ar_calendar", problem, tune or problem, pairs=FOURIER_PAIRS)


def _linear(name: str, problem: Problem, tune: Problem, *, pairs: int) -> Forecast | None:
    possible = [lags for lags in LAGS if is_fittable(problem, lags) and is_fittable(tune, lags)]
    if not possible:
        return None

    def error(count: int) -> float:
        fitted = Parameters(_fitted(tune, count, pairs))
        return absolute_error(tune, apply_linear(fitted, tune.readings))

    lags = min(possible, key=error)
    settings: dict[str, int | float | str] = {"lags": lags}
    if pairs:
        settings["fourier_pairs"] = pairs
    fitted = _fitted(problem, lags, pairs)
    return forecast_of(name, problem, fitted, apply_linear, least=lags, settings=settings)


def is_fittable(problem: Problem, lags: int) -> bool:
    """Returns whether there are 2 training windows per lag and `lags` values up to each origin."""
    enough = len(training_origins(problem, lags)) >= 2 * lags
    return enough and int(problem.origins.min()) >= lags - 1


def training_origins(problem: Problem, lags: int) -> NDArray[np.int64]:
    """Returns the training origins with `lags` values up to them and H readings after them."""
    origins = np.arange(lags - 1, problem.train_stop - problem.horizon)
    ahead = sliding_window_view(problem.observed, problem.horizon)
    return origins[ahead[origins + 1].all(axis=1)]


def absolute_error(problem: Problem, predictions: NDArray[np.float64]) -> float:
    """Returns the total error of predictions [N, H] on the observed targets."""
    errors = np.abs(predictions - problem.values[problem.targets])
    return float(errors[problem.observed[problem.targets]].sum())


def _fitted(problem: Problem, lags: int, pairs: int) -> dict[str, Any]:
    """Returns the parameters of the regression with `lags` lags."""
    from sklearn.linear_model import Ridge

    scaler = fit_scaler("standard", problem.values[: problem.train_stop, None])
    values = scaler.apply(problem.values[:, None])[:, 0]
    calendar = calendar_features(problem.timestamps, pairs)
    origins = training_origins(problem, lags)
    ahead = sliding_window_view(values, problem.horizon)[origins + 1]
    model = Ridge(ALPHA, copy_X=False).fit(_features(values, calendar, origins, lags), ahead)
    return {
        "lags": lags,
        "fourier_pairs": pairs,
        "horizon": int(problem.horizon),
        "center": float(scaler.center[0]),
        "scale": float(scaler.scale[0]),
        "coefficients": model.coef_.reshape(problem.horizon, -1).tolist(),
        "intercept": np.ravel(model.intercept_).tolist(),
    }


def apply_linear(parameters: Parameters, readings: Readings) -> NDArray[np.float64]:
    """Returns the forecasts [N, H] of a linear autoregression."""
    lags, pairs = parameters.whole("lags", 1), parameters.whole("fourier_pairs", 0, 100)
    readings.require(lags)
    horizon = fitted_horizon(parameters, readings)
    scaler = Scaler(parameters.array("center")[None], parameters.array("scale")[None])
    values = scaler.apply(readings.values[:, None])[:, 0]
    calendar = calendar_features(readings.timestamps, pairs)
    coefficients = parameters.array("coefficients", horizon, lags + calendar.shape[1])
    features = _features(values, calendar, readings.origins, lags)
    predictions = features @ coefficients.T + parameters.array("intercept", horizon)
    return scaler.invert_target(predictions, target=0)[:, : readings.horizon]


def fitted_horizon(parameters: Parameters, readings: Readings) -> int:
    """Returns the number of outputs of a regression.

    Raises CannotForecast if the readings ask for more steps.
    """
    horizon = parameters.whole("horizon", 1)
    if readings.horizon > horizon:
        raise CannotForecast(
            f"The regression forecasts {horizon} steps ahead, not {readings.horizon}."
        )
    return horizon


def _features(
    values: NDArray[np.float64],
    calendar: NDArray[np.float64],
    origins: NDArray[np.int64],
    lags: int,
) -> NDArray[np.float64]:
    """Returns the features [N, P + K] of origins [N], from values [T] and calendar terms [T, K].

    The Fourier terms of a later step are a rotation of those of the first one, so one set is
    enough for all H steps.
    """
    # Filled column by column, so that 80,000 windows of 365 lags are in memory only once.
    matrix = np.empty((len(origins), lags + calendar.shape[1]), order="F")
    for lag in range(lags):
        matrix[:, lag] = values[origins - lag]
    matrix[:, lags:] = calendar[origins + 1]
    return matrix
