"""The input and the output of a baseline, and how its forecast is computed.

T is the number of steps of a series, N the number of forecast origins and H the horizon.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DatasetError
from datasets.parsing.frequency import infer_frequency
from models.baselines.history import Readings
from models.baselines.parameters import Parameters

Apply = Callable[[Parameters, Readings], NDArray[np.float64]]


@final
@dataclass(frozen=True, eq=False)
class Problem:
    """A series, the part of it to fit on and the origins to forecast from.

    values: [T], the target in the series' units, with gaps filled from the past.
    observed: [T], False where `values` was filled; such a step is neither fitted nor scored.
    timestamps: datetime64 [T], regular.
    season: season of the seasonal naive forecast, in steps.
    horizon: H, in steps.
    train_stop: end of the training part [0, train_stop).
    origins: [N], index of the last step that a forecast uses; its targets are the next H steps.
    seasons: lengths of all seasons in steps; `season` alone if none are given.
    inputs: [T, C], further inputs, with gaps filled from the past; none if they are not given.

    Raises ValueError if the fields do not fit together.
    """

    values: NDArray[np.float64]
    observed: NDArray[np.bool_]
    timestamps: NDArray[np.datetime64]
    season: int
    horizon: int
    train_stop: int
    origins: NDArray[np.int64]
    seasons: tuple[int, ...] = ()
    inputs: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))

    def __post_init__(self) -> None:
        length = len(self.values)
        if not self.seasons:
            object.__setattr__(self, "seasons", (self.season,))
        if not self.inputs.size:
            object.__setattr__(self, "inputs", np.empty((length, 0)))
        if self.inputs.shape[0] != length or not np.isfinite(self.inputs).all():
            raise ValueError(f"inputs must be finite [{length}, C], not {self.inputs.shape}.")
        shapes = {self.values.shape, self.observed.shape, self.timestamps.shape}
        if shapes != {(length,)}:
            raise ValueError(
                f"values, observed and timestamps must have one shape [T], not {shapes}."
            )
        if not np.isfinite(self.values).all():
            raise ValueError("The values must be finite: fill the gaps of the series first.")
        if self.season < 1 or self.horizon < 1:
            raise ValueError(
                f"season is {self.season} and horizon is {self.horizon}: both must be at least 1."
            )
        if not 2 <= self.train_stop <= length:
            raise ValueError(f"train_stop is {self.train_stop}: it must be from 2 to {length}.")
        if not self.observed[: self.train_stop].any():
            raise ValueError("The training part has no readings.")
        last = length - 1 - self.horizon
        if not len(self.origins) or self.origins.min() < 0 or self.origins.max() > last:
            raise ValueError(f"There must be at least one origin, each from 0 to {last}.")

    @property
    def targets(self) -> NDArray[np.int64]:
        """The indices of the forecast steps, [N, H]."""
        return self.readings.targets

    @property
    def readings(self) -> Readings:
        """The readings that a fitted baseline forecasts from."""
        return Readings(self.values, self.inputs, self.timestamps, self.origins, self.horizon)


@final
@dataclass(frozen=True, eq=False)
class Forecast:
    """The forecast of a baseline for a problem.

    predictions: [N, H], in the series' units.
    settings: configured and fitted settings of the baseline, shown beside its score.
    parameters: everything that was fitted, as JSON, for `models.baselines.stored.forecast_from`;
        empty if the forecast cannot be repeated from it. "method" is the name of the baseline,
        "least" the smallest number of steps that it forecasts from.
    """

    name: str
    predictions: NDArray[np.float64]
    settings: dict[str, int | float | str]
    parameters: dict[str, Any] = field(default_factory=dict)


def forecast_of(
    name: str,
    problem: Problem,
    fitted: dict[str, Any],
    apply: Apply,
    *,
    least: int,
    settings: dict[str, int | float | str],
) -> Forecast:
    """Returns the forecast of a baseline by its fitted parameters.

    Args:
        name: name of the baseline.
        problem: the problem that it was fitted to.
        fitted: what was fitted, as JSON.
        apply: function that forecasts [N, H] from these parameters; a stored baseline uses it too.
        least: smallest number of steps that the baseline forecasts from.
        settings: settings to show.
    """
    predictions = apply(Parameters({"method": name} | fitted), problem.readings)
    try:
        frequency = infer_frequency(problem.timestamps)
    except DatasetError:  # a calendar of its own: later timestamps are not known
        return Forecast(name, predictions, settings)
    begins = str(problem.timestamps[0].astype("datetime64[s]"))
    place = {"method": name, "least": least, "begins": begins, "frequency": frequency}
    return Forecast(name, predictions, settings, place | fitted)
