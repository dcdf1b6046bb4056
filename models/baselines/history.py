"""What a fitted baseline forecasts from.

T is the number of steps of a history, C the number of further inputs, N the number of forecast
origins and H the horizon.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from models.errors import CannotForecast


@final
@dataclass(frozen=True, eq=False)
class History:
    """The readings up to now, from which the next H steps are forecast.

    values: [T], the target in the series' units, with gaps filled from the past.
    observed: [T], False where `values` was filled.
    timestamps: datetime64[s] [T], regular.
    inputs: [T, C], further inputs in the order of the fit, with gaps filled from the past.
    horizon: H, in steps.

    Raises ValueError if the fields do not fit together.
    """

    values: NDArray[np.float64]
    observed: NDArray[np.bool_]
    timestamps: NDArray[np.datetime64]
    inputs: NDArray[np.float64]
    horizon: int

    def __post_init__(self) -> None:
        length = len(self.values)
        shapes = {self.values.shape, self.observed.shape, self.timestamps.shape}
        if not length or shapes != {(length,)} or np.isnat(self.timestamps).any():
            raise ValueError(
                "A history must have values, observed and timestamps of one shape [T]."
            )
        if self.inputs.ndim != 2 or len(self.inputs) != length:
            raise ValueError(f"inputs must be [{length}, C], not {self.inputs.shape}.")
        if not (np.isfinite(self.values).all() and np.isfinite(self.inputs).all()):
            raise ValueError("The history must be finite: fill its gaps first.")
        if self.horizon < 1:
            raise ValueError(f"horizon is {self.horizon}: it must be at least 1.")


@final
@dataclass(frozen=True, eq=False)
class Readings:
    """The readings that forecasts are computed from, of a study or of a history.

    values: [T], the target.
    inputs: [T, C], further inputs.
    timestamps: datetime64[s], at least up to the last target.
    origins: [N], index of the last step that each forecast uses.
    horizon: H.
    first: steps from the first step of the series that the baseline was fitted to, to step 0.
    limited: whether only part of a long history is used, to bound the time of a forecast.
    """

    values: NDArray[np.float64]
    inputs: NDArray[np.float64]
    timestamps: NDArray[np.datetime64]
    origins: NDArray[np.int64]
    horizon: int
    first: int = 0
    limited: bool = False

    @property
    def targets(self) -> NDArray[np.int64]:
        """The indices of the forecast steps, [N, H]."""
        return self.origins[:, None] + np.arange(1, self.horizon + 1)

    def require(self, least: int) -> None:
        """Raises CannotForecast if a forecast would use fewer than `least` steps."""
        steps = int(self.origins.min()) + 1
        if steps < least:
            raise CannotForecast(f"The history must have at least {least} steps; it has {steps}.")
