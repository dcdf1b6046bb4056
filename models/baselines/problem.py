"""What a baseline is given, and what it gives back.

T steps of a series, N forecast origins, H horizon.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray


@final
@dataclass(frozen=True, eq=False)
class Problem:
    """One series, the part to learn from and the origins to forecast from.

    values: [T], the target in the series' units, gaps filled from the past.
    observed: [T], False where `values` was filled; such a step is neither learnt nor scored.
    timestamps: datetime64 [T], regular.
    season: steps of the seasonal naive forecast.
    horizon: H.
    train_stop: the training part is [0, train_stop).
    origins: [N], index of the last step that a forecast sees; its targets are the H steps after.

    Raises ValueError for parts that do not fit together.
    """

    values: NDArray[np.float64]
    observed: NDArray[np.bool_]
    timestamps: NDArray[np.datetime64]
    season: int
    horizon: int
    train_stop: int
    origins: NDArray[np.int64]

    def __post_init__(self) -> None:
        length = len(self.values)
        shapes = {self.values.shape, self.observed.shape, self.timestamps.shape}
        if shapes != {(length,)}:
            raise ValueError(f"values, observed and timestamps must be [T]; they are {shapes}.")
        if not np.isfinite(self.values).all():
            raise ValueError("The values of a baseline's problem must be filled first.")
        if self.season < 1 or self.horizon < 1:
            raise ValueError(f"season {self.season} and horizon {self.horizon} must be at least 1.")
        if not 2 <= self.train_stop <= length:
            raise ValueError(f"train_stop is {self.train_stop}, possible are 2 to {length}.")
        if not self.observed[: self.train_stop].any():
            raise ValueError("The training part holds no reading.")
        last = length - 1 - self.horizon
        if not len(self.origins) or self.origins.min() < 0 or self.origins.max() > last:
            raise ValueError(f"There must be origins, from 0 to {last}.")

    @property
    def targets(self) -> NDArray[np.int64]:
        """Indices of the forecast steps, [N, H]."""
        return self.origins[:, None] + np.arange(1, self.horizon + 1)


@final
@dataclass(frozen=True, eq=False)
class Forecast:
    """What a baseline says of a problem.

    predictions: [N, H], in the series' units.
    settings: what the baseline was given or has learnt, to be shown beside its score.
    """

    name: str
    predictions: NDArray[np.float64]
    settings: dict[str, int | float | str]
