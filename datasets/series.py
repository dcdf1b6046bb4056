"""A regular time series: what every dataset builder returns.

T: steps of the series. C: channels, of which one is the target.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DatasetError
from datasets.parsing.frequency import (
    DAY,
    Timestamps,
    fixed_seconds,
    grid,
    offset_of,
)

# Steps a year, by pandas' alias without its anchor.
_SEASONS = {"YS": 1, "YE": 1, "QS": 4, "QE": 4, "MS": 12, "ME": 12, "W": 52, "B": 261}


@dataclass(frozen=True, eq=False)
class Series:
    """Readings at regular times. Its arrays are its own copies and read-only.

    Every channel has a reading at the first step, so that a gap always has a past to be filled
    from, and the target has one at the last.

    Attributes:
        name: what stands for <dataset> in names of studies and experiments.
        values: float64 [T, C], NaN where a reading is missing.
        timestamps: datetime64[s] [T], every step of `frequency` from the first to the last.
        channels: C distinct names.
        target: index of the channel to forecast.
        unit: of the target, like "°C".
        frequency: pandas' alias of a step, like "MS", "D", "15min".
        source: a path, an address, "vega-datasets" or "generated"; no part of the digest.

    Raises:
        DatasetError: the fields contradict what stands above.
    """

    name: str
    values: NDArray[np.float64]
    timestamps: Timestamps
    channels: tuple[str, ...]
    target: int = 0
    unit: str = ""
    frequency: str = "D"
    source: str = ""

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64) + 0.0  # -0.0 and 0.0 are one reading
        timestamps = np.array(self.timestamps, dtype="datetime64[s]")
        values.setflags(write=False)
        timestamps.setflags(write=False)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "timestamps", timestamps)
        object.__setattr__(self, "channels", tuple(self.channels))
        problem = self._problem()
        if problem:
            raise DatasetError(f"series {self.name!r}: {problem}")

    def _problem(self) -> str | None:
        values, timestamps, channels = self.values, self.timestamps, self.channels
        if values.shape != (*timestamps.shape, len(channels)) or not values.size:
            return (
                f"values of shape {values.shape} do not fit {len(timestamps)} timestamps "
                f"and {len(channels)} channels"
            )
        if len(set(channels)) < len(channels):
            return f"two channels have one name: {', '.join(channels)}"
        if not 0 <= self.target < len(channels):
            return f"target is {self.target}, of {len(channels)} channels"
        return self._problem_of_contents()

    def _problem_of_contents(self) -> str | None:
        values, timestamps = self.values, self.timestamps
        if np.isinf(values).any():
            return "a reading is infinite"
        if np.isnan(values[0]).any() or np.isnan(values[-1, self.target]):
            return "a reading is missing at the first step, or the target's at the last"
        if np.isnat(timestamps).any() or not np.array_equal(
            grid(timestamps[0], timestamps[-1], self.frequency), timestamps
        ):
            return f"the timestamps are not every step of frequency {self.frequency!r}"
        return None

    @property
    def digest(self) -> str:
        """64 hex digits, equal for equal series whatever file they came from.

        sha256 over channels, target, timestamps and values; which bits a NaN has does not count.
        """
        values = np.where(np.isnan(self.values), np.nan, self.values)
        state = sha256(repr((self.channels, self.target)).encode())
        state.update(self.timestamps.astype("<i8").tobytes())
        state.update(values.astype("<f8").tobytes())
        return state.hexdigest()

    @property
    def missing(self) -> int:
        """Number of steps without a reading of the target."""
        return int(np.isnan(self.values[:, self.target]).sum())


def default_season(frequency: str) -> int:
    """Returns the steps of one season of `frequency`: a year, or a day where a step is shorter.

    A step that does not divide the year or day, and one under a minute, has no season: 1.

    Raises:
        DatasetError: pandas knows no such frequency.
    """
    offset: Any = offset_of(frequency)
    seconds = fixed_seconds(offset)
    if seconds is not None and seconds < DAY:
        return int(DAY / seconds) if seconds >= 60 and not DAY % seconds else 1
    if seconds is not None:
        days = seconds / DAY
        return {1: 365, 7: 52}.get(int(days), 1) if not days % 1 else 1
    year = _SEASONS.get(offset.rule_code.partition("-")[0], 1)
    return year // offset.n if not year % offset.n else 1
