"""Computes the scores of forecasts, in the series' units.

Letters: N forecast origins, H steps ahead, T steps of the series, B blocks, R resamples. Missing
readings are NaN in the actuals and are never scored.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_RESAMPLES = 4000
_LEVEL = 0.95


def scores(actual: Array, forecast: Array, seasonal_error: float) -> dict[str, float]:
    """Returns mae, rmse, smape (percent, 0 to 200) and mase of `forecast` [N, H].

    With H > 1, adds the MAE of each step ahead that has a reading: step_1/mae, step_2/mae, …

    Args:
        actual: readings [N, H]; NaN where one is missing.
        forecast: forecasts [N, H].
        seasonal_error: in-sample MAE of the seasonal naive forecast (`seasonal_naive_error`).

    Source: Hyndman and Koehler, "Another look at measures of forecast accuracy", 2006.
    """
    observed = np.isfinite(actual)
    truth, guess = actual[observed], forecast[observed]
    error = np.abs(guess - truth)
    size = np.abs(guess) + np.abs(truth)
    mae = float(error.mean())
    return _by_step(actual, forecast) | {
        "mae": mae,
        "rmse": float(np.sqrt((error**2).mean())),
        "smape": float(
            200 * np.divide(error, size, out=np.zeros_like(error), where=size > 0).mean()
        ),
        "mase": mae / seasonal_error if seasonal_error > 0 else float("nan"),
    }


def _by_step(actual: Array, forecast: Array) -> dict[str, float]:
    if actual.shape[1] == 1:
        return {}
    errors = np.abs(forecast - actual)
    steps = {f"step_{h + 1}/mae": errors[:, h] for h in range(actual.shape[1])}
    return {
        name: float(np.nanmean(error)) for name, error in steps.items() if np.isfinite(error).any()
    }


def seasonal_naive_error(training: Array, season: int) -> float:
    """Returns the MAE of the seasonal naive forecast of the training part [T]; NaN if too short."""
    change = np.abs(training[season:] - training[:-season])
    observed = change[np.isfinite(change)]
    return float(observed.mean()) if observed.size else float("nan")


def skill(mae: float, baseline_mae: float) -> float:
    """Returns 1 − MAE / MAE of the best baseline; above 0 is better than every baseline."""
    return 1 - mae / baseline_mae if baseline_mae > 0 else float("nan")


def losses(actual: Array, forecasts: Sequence[Array]) -> Array:
    """Returns the sum of the absolute errors at each origin [N], averaged over the seeds.

    Args:
        actual: readings [N, H]; NaN where one is missing.
        forecasts: forecasts [N, H] of each seed.
    """
    errors = [np.nansum(np.abs(forecast - actual), axis=1) for forecast in forecasts]
    mean: Array = np.mean(errors, axis=0)
    return mean


def paired_interval(ours: Array, theirs: Array, *, horizon: int) -> tuple[float, float]:
    """Returns the 95 % confidence interval of the skill from the losses at each origin.

    Uses a paired circular block bootstrap over the forecast origins. The same blocks of consecutive
    origins are drawn for both, so that periods that are hard for both cancel out. The block length
    is the cube root of N, but at least the horizon. The random seed is fixed.

    Args:
        ours: losses [N] of the forecasts, in chronological order (`losses`).
        theirs: losses [N] of the baseline.
        horizon: number of steps ahead.

    Returns:
        Both bounds; NaN if the baseline makes no error.

    Source: Politis and Romano, "A circular block-resampling procedure for stationary data", 1992.
    """
    count = len(ours)
    length = min(count, max(horizon, round(count ** (1 / 3))))
    # As the two parts of complex numbers, both losses are looked up and added up in one go.
    both = _block_sums(ours, length) + 1j * _block_sums(theirs, length)
    totals = both[_starts(count, length)].sum(axis=1)
    totals = totals[totals.imag > 0]
    if not totals.size:
        return float("nan"), float("nan")
    skills = 1 - totals.real / totals.imag
    low, high = np.quantile(skills, ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2))
    return float(low), float(high)


@lru_cache(maxsize=2)
def _starts(count: int, length: int) -> NDArray[np.int64]:
    """Returns the first origin of each block [R, B]; drawn once for all trials of a study."""
    starts = np.random.default_rng(0).integers(count, size=(_RESAMPLES, -(-count // length)))
    starts.flags.writeable = False
    return starts


def _block_sums(losses: Array, length: int) -> Array:
    """Returns the sums of `length` losses starting at each of N origins, wrapping around."""
    sums = np.concatenate([[0.0], np.cumsum(np.concatenate([losses, losses[: length - 1]]))])
    blocks: Array = sums[length:] - sums[:-length]
    return blocks
