"""A regular time series: what every dataset builder returns.

T: steps of the series. C: channels, of which one is the target.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DatasetError
from datasets.parsing.frequency import DAY, Timestamps, fixed_seconds, grid, offset_of

# Steps per year, by pandas alias without its anchor.
_SEASONS = {"YS": 1, "YE": 1, "QS": 4, "QE": 4, "MS": 12, "ME": 12, "W": 52, "B": 261}


@dataclass(frozen=True, eq=False)
class Series:
    """A regular time series. Its arrays are read-only copies.

    Every channel has a reading at the first step, so that every gap can be filled from the past,
    and the target has a reading at the last step.

    Attributes:
        name: name of the dataset in the names of studies and experiments.
        values: float64 [T, C], NaN where a reading is missing.
        timestamps: datetime64[s] [T], every step of `frequency` from the first to the last.
        channels: C distinct channel names.
        target: index of the channel to forecast.
        unit: unit of the target, like "°C".
        frequency: pandas alias of the step, like "MS", "D", "15min".
        source: a path, a URL, "vega-datasets" or "generated"; not part of the digest.

    Raises:
        DatasetError: a field does not fit the description above.
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
        values = np.array(self.values, dtype=np.float64) + 0.0  # -0.0 and 0.0 give one digest
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
            return f"two channels have the same name: {', '.join(channels)}"
        if not 0 <= self.target < len(channels):
            return f"target is {self.target}: it must be from 0 to {len(channels) - 1}"
        return self._problem_of_contents()

    def _problem_of_contents(self) -> str | None:
        values, timestamps = self.values, self.timestamps
        if np.isinf(values).any():
            return "a reading is infinite"
        if np.isnan(values[0]).any() or np.isnan(values[-1, self.target]):
            return "a reading is missing at the first step, or the target's reading at the last"
        if np.isnat(timestamps).any() or not np.array_equal(
            grid(timestamps[0], timestamps[-1], self.frequency), timestamps
        ):
            return f"the timestamps must be every step of frequency {self.frequency!r}"
        return None

    @property
    def digest(self) -> str:
        """SHA-256 of the series, 64 hex digits; does not depend on the file it was read from.

        Covers channels, target, timestamps and values; all NaNs count as equal.
        """
        values = np.where(np.isnan(self.values), np.nan, self.values)
        state = sha256(repr((self.channels, self.target)).encode())
        state.update(self.timestamps.astype("<i8").tobytes())
        state.update(values.astype("<f8").tobytes())
        return state.hexdigest()

    @property
    def missing(self) -> int:
        """Number of steps at which the target has no reading."""
        return int(np.isnan(self.values[:, self.target]).sum())


def default_seasons(frequency: str) -> tuple[int, ...]:
    """Returns the lengths of the seasons of `frequency` in steps, the main one first.

    The main one is that of `default_season`; a week is added to a step of a day or less.

    Raises:
        DatasetError: pandas does not support the frequency.
    """
    main = default_season(frequency)
    seconds = fixed_seconds(offset_of(frequency))
    if seconds is None or main == 1 or seconds > DAY:
        return (main,)
    return main, int(7 * DAY / seconds)


def default_gap(frequency: str) -> int:
    """Returns the longest gap to fill in a series of `frequency`, in steps.

    A week of days, a day of hours, a working week, or 24 shorter steps; 3 steps above a day.

    Raises:
        DatasetError: pandas does not support the frequency.
    """
    offset: Any = offset_of(frequency)
    seconds = fixed_seconds(offset)
    if offset.rule_code == "B":
        return 5
    if seconds is None or seconds > DAY:
        return 3
    return 7 if seconds == DAY else min(24, max(3, int(DAY / seconds)))


def default_season(frequency: str) -> int:
    """Returns the steps per season of `frequency`: a day for steps shorter than a day, else a year.

    A step shorter than a minute, or one that does not divide the year or day, has no season: 1.

    Raises:
        DatasetError: pandas does not support the frequency.
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
