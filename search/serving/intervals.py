"""Prediction intervals from the residuals of a validation, one a step ahead.

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
    """What is added to a forecast [H] to have the ends of its interval.

    Attributes:
        level: share of targets that it is meant to cover, in percent.
        lower: [H], in the series' units.
        upper: [H], likewise.
    """

    level: int
    lower: Array
    upper: Array

    def covered(self, actual: Array, forecast: Array) -> float:
        """Returns the share of the readings among `actual` [N, H] that it holds."""
        within = (actual >= forecast + self.lower) & (actual <= forecast + self.upper)
        return float(within[np.isfinite(actual)].mean())


def intervals(residuals: Sequence[Array]) -> tuple[Interval, ...]:
    """Returns an interval a level; their ends need not lie evenly about the forecast.

    With R residuals of a step, an end is the one of rank ⌈(R + 1)(1 + level)/2⌉ from below, or from
    above, at most the R-th: the split-conformal quantile, a little wider than the empirical one.

    Args:
        residuals: actual − forecast [N, H] of each seed and fold, NaN where there is no reading.

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
