"""The synthetic series of the TensorFlow course on time series: trend, season and noise.

Source: the notebooks of "Sequences, Time Series and Prediction" (trend, seasonal pattern, noise).
They use float32 for the time; this module uses float64.
"""

from math import isfinite

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DatasetError
from datasets.series import Series

FIRST_DAY = np.datetime64("2001-01-01", "s")  # 1461 days from here cover four calendar years
MOST_STEPS = 10_000_000


def synthetic(
    *,
    steps: int = 1461,
    baseline: float = 10.0,
    slope: float = 0.09,
    amplitude: float = 20.0,
    period: int = 365,
    noise: float = 5.0,
    seed: int = 42,
) -> Series:
    """Returns the daily series baseline + slope t + amplitude pattern(t / period) + noise N(0, 1).

    Args:
        steps: number of days, starting on 2001-01-01.
        baseline: level at the first step, without season and noise.
        slope: growth per step.
        amplitude: amplitude of the seasonal pattern.
        period: steps per season.
        noise: standard deviation of the normal noise.
        seed: seed of the noise, 0 to 2**32 - 1.

    Raises:
        DatasetError: a value is out of range.
    """
    _check(steps=(steps, 2, MOST_STEPS), period=(period, 1, MOST_STEPS), seed=(seed, 0, 2**32 - 1))
    _check(noise=(noise, 0, 1e100), amplitude=(amplitude, -1e100, 1e100))
    _check(baseline=(baseline, -1e100, 1e100), slope=(slope, -1e100, 1e100))
    time = np.arange(steps)
    # The chapter's random generator; another one would give another series.
    random = np.random.RandomState(seed).randn(steps)
    values = baseline + slope * time + amplitude * _pattern(time % period / period) + noise * random
    return Series(
        name="synthetic",
        values=values[:, None],
        timestamps=FIRST_DAY + time * np.timedelta64(1, "D"),
        channels=("value",),
        frequency="D",
        source="generated",
    )


def _pattern(season: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the chapter's seasonal pattern at `season`, the elapsed share in [0, 1)."""
    return np.where(season < 0.4, np.cos(2 * np.pi * season), np.exp(-3 * season))


def _check(**options: tuple[float, float, float]) -> None:
    for name, (value, low, high) in options.items():
        if not (isfinite(value) and low <= value <= high):
            raise DatasetError(
                f"dataset.{name} is {value}: it must be between {low:g} and {high:g}"
            )
