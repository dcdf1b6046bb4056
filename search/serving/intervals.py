"""Computes prediction intervals for each step ahead from the residuals of the validation.

Letters: R residuals, N forecast origins, H horizon.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LEVELS = (80, 95)  # percent


@dataclass(frozen=True, eq=False)
class Interval:
    """The offsets between a forecast [H] and the ends of its interval.

    Attributes:
        level: share of targets that the interval should cover, in percent.
        lower: offsets [H] of the lower end, in the series' units.
        upper: offsets [H] of the upper end, in the series' units.
    """

    level: int
    lower: Array
    upper: Array

    def covered(self, actual: Array, forecast: Array) -> float:
        """Returns the share of the readings in `actual` [N, H] that the interval covers."""
        within = (actual >= forecast + self.lower) & (actual <= forecast + self.upper)
        return float(within[np.isfinite(actual)].mean())


def intervals(residuals: Sequence[Array]) -> tuple[Interval, ...]:
    """Returns one interval per level; the intervals need not be symmetric about the forecast.

    Of R residuals of a step, the upper end is the one of rank ⌈(R + 1)(1 + level)/2⌉, at most R,
    from below, and the lower end the one of the same rank from above. This is the split-conformal
    quantile, slightly wider than the empirical one.

    Args:
        residuals: actual − forecast [N, H] of each seed and fold; NaN where a reading is missing.

    Source: Lei et al., "Distribution-free predictive inference for regression", 2018.
    """
    steps = [np.sort(step[np.isfinite(step)]) for step in np.concatenate(residuals).T]

    def ends(alpha: float, sorted_residuals: Array) -> tuple[float, float]:
        count = len(sorted_residuals)
        rank = min(count, ceil((count + 1) * (1 - alpha / 2)))
        return float(sorted_residuals[count - rank]), float(sorted_residuals[rank - 1])

    found = []
    for level in LEVELS:
        lower, upper = np.transpose([ends(1 - level / 100, step) for step in steps])
        found.append(Interval(level, lower, upper))
    return tuple(found)
