"""Scores of forecasts, in the units of the series.

Letters: N forecast origins, H steps ahead, T steps of the series. Missing readings are NaN in the
actuals and are never scored.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def scores(actual: Array, forecast: Array, seasonal_error: float) -> dict[str, float]:
    """Returns mae, rmse, smape (percent, 0 to 200) and mase of `forecast` [N, H].

    Args:
        actual: readings [N, H]; NaN where there is none.
        forecast: predictions [N, H].
        seasonal_error: in-sample MAE of the seasonal naive forecast (`seasonal_naive_error`).

    Source: Hyndman and Koehler, "Another look at measures of forecast accuracy", 2006.
    """
    observed = np.isfinite(actual)
    truth, guess = actual[observed], forecast[observed]
    error = np.abs(guess - truth)
    size = np.abs(guess) + np.abs(truth)
    mae = float(error.mean())
    return {
        "mae": mae,
        "rmse": float(np.sqrt((error**2).mean())),
        "smape": float(
            200 * np.divide(error, size, out=np.zeros_like(error), where=size > 0).mean()
        ),
        "mase": mae / seasonal_error if seasonal_error > 0 else float("nan"),
    }


def seasonal_naive_error(training: Array, season: int) -> float:
    """Returns the MAE of "as one season ago" in the training part [T]; NaN if that is too short."""
    change = np.abs(training[season:] - training[:-season])
    observed = change[np.isfinite(change)]
    return float(observed.mean()) if observed.size else float("nan")


def skill(mae: float, baseline_mae: float) -> float:
    """Returns 1 − MAE / MAE of the best baseline: above 0 is better than every baseline."""
    return 1 - mae / baseline_mae if baseline_mae > 0 else float("nan")
