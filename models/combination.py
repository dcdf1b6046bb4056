"""Combines several forecasts into one. M forecasts."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Combination:
    """A way to combine the forecasts of candidates.

    Attributes:
        weights: [M], at least 0, with the sum 1; a candidate without weight is not a member.
        median: whether to take the median of the members instead of their weighted mean.
    """

    weights: Array
    median: bool = False

    @property
    def members(self) -> NDArray[np.int64]:
        """Indices of the members, those with the largest weights first."""
        order = np.argsort(-self.weights, kind="stable")
        return np.asarray(order[self.weights[order] > 0])

    def combine(self, forecasts: Array) -> Array:
        """Combines forecasts [M, …] into one [...]."""
        members = self.members
        if self.median:
            return np.asarray(np.median(forecasts[members], axis=0))
        return np.asarray(np.tensordot(self.weights[members], forecasts[members], axes=1))
