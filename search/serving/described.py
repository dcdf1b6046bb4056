"""What every forecaster says about itself, and the checks of a history against it.

Letters: T steps of a history, C channels, H horizon.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datasets import Series
from datasets.parsing.frequency import offset_of, shown
from datasets.parsing.regular import check_gaps
from search.errors import BadInput
from search.serving.intervals import Interval

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Described(ABC):
    """The properties of a forecaster and of its series.

    Attributes:
        series: name of the series.
        channels: column names [C] of a history.
        target: index of the channel that is forecast.
        unit: unit of the target.
        frequency: pandas alias of a step.
        max_gap: longest run of missing readings that is filled.
        horizon: H.
        threads: number of threads for training and for forecasting.
        dataset: options of the `dataset` group, to read a history in the dataset's own format.
        intervals: prediction intervals of the forecasts.
    """

    series: str
    channels: tuple[str, ...]
    target: int
    unit: str
    frequency: str
    max_gap: int
    horizon: int
    threads: int
    dataset: dict[str, Any]
    intervals: tuple[Interval, ...]

    @property
    @abstractmethod
    def least(self) -> int:
        """The minimum length of a history in steps."""

    @property
    def shown_steps(self) -> int:
        """The number of steps of the history that a figure of a forecast shows."""
        return self.least

    def ordered(self, history: Series) -> Array:
        """Returns the readings [T, C] of a history in the order of the channels, with gaps.

        Raises:
            BadInput: the history is too short, or has other channels or another frequency.
            DatasetError: a gap is too long.
        """
        _check(self, history)
        return history.values[:, _order(self, history)]

    def table(self, history: Series, outputs: Array) -> pd.DataFrame:
        """Returns the forecasts [H] of the steps after a history as a table.

        The columns are timestamp, forecast, and lower_<level> and upper_<level> of each interval.
        """
        last = pd.Timestamp(history.timestamps[-1])
        step = offset_of(self.frequency)
        times = pd.date_range(last, periods=self.horizon + 1, freq=step, unit="s")[1:]
        columns: dict[str, Any] = {"timestamp": times, "forecast": outputs}
        for one in self.intervals:
            columns[f"lower_{one.level}"] = outputs + one.lower
            columns[f"upper_{one.level}"] = outputs + one.upper
        return pd.DataFrame(columns)

    def plain_intervals(self) -> dict[str, Any]:
        """Returns the intervals as plain values for JSON."""
        return {
            str(one.level): {"lower": one.lower.tolist(), "upper": one.upper.tolist()}
            for one in self.intervals
        }


@contextmanager
def reading(spec: str) -> Iterator[None]:
    """Reports a missing or damaged file of a forecaster that `spec` describes as bad input."""
    try:
        yield
    except FileNotFoundError as error:
        raise BadInput(f"{Path(error.filename).name} of the model is missing") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"{spec} of the model cannot be read: {error}") from None


def intervals_of(plain: Mapping[str, Any], horizon: int) -> tuple[Interval, ...]:
    """Returns the intervals in the plain values of `Described.plain_intervals`.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: the values are damaged.
    """
    return tuple(
        Interval(
            int(level),
            np.array(ends["lower"], dtype=np.float64).reshape([horizon]),
            np.array(ends["upper"], dtype=np.float64).reshape([horizon]),
        )
        for level, ends in plain.items()
    )


def _order(known: Described, history: Series) -> list[int]:
    """Returns the positions of the model's channels in the history.

    A single channel may have any name.

    Raises:
        BadInput: the history has other channels.
    """
    if len(known.channels) == len(history.channels) == 1:
        return [0]
    if sorted(history.channels) != sorted(known.channels):
        raise BadInput(
            f"the history has the columns {', '.join(history.channels)}; the model of "
            f"{known.series} needs {', '.join(known.channels)}"
        )
    return [history.channels.index(channel) for channel in known.channels]


def _check(known: Described, history: Series) -> None:
    if history.frequency != known.frequency:
        raise BadInput(
            f"the history has steps of {history.frequency!r}; the model of {known.series} needs "
            f"steps of {known.frequency!r}"
        )
    if len(history.values) < known.least:
        first, last = history.timestamps[0], history.timestamps[-1]
        raise BadInput(
            f"the history has {len(history.values)} steps, {shown(first)} to {shown(last)}; "
            f"the model of {known.series} needs at least {known.least}"
        )
    check_gaps(history, known.max_gap)
