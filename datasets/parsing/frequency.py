"""Frequencies of regular series, as pandas aliases ("MS", "D", "15min", "W-MON", …).

T: steps of the series. Timestamps are datetime64[s] without a time zone.
"""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DatasetError

if TYPE_CHECKING:
    from pandas import DateOffset

Timestamps = NDArray[np.datetime64]

DAY = 86_400  # seconds
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# A grid this much longer than its readings means a mistyped frequency, not a series with gaps.
_MOST_STEPS_PER_READING = 100


def offset_of(frequency: str) -> "DateOffset":
    """Returns the pandas offset of `frequency`.

    Raises:
        DatasetError: pandas does not support the frequency, or it is not a whole number of seconds.
    """
    from pandas.tseries.frequencies import to_offset

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # pandas 2 still reads the old aliases
            offset: Any = to_offset(frequency)
    except (ValueError, FutureWarning):
        offset = None
    seconds = fixed_seconds(offset)
    if offset is None or offset.n < 1 or (seconds is not None and seconds % 1):
        raise DatasetError(
            f"{frequency!r} is not a valid frequency:\n"
            "set dataset.frequency to a pandas alias of a second or more: YS, MS, W-SUN, D, h, …"
        )
    return offset  # type: ignore[no-any-return]


def fixed_seconds(offset: Any) -> float | None:
    """Returns the length of an offset in seconds, or None if its length varies, like a month's."""
    from pandas.tseries.offsets import Day, Tick

    if isinstance(offset, Tick):
        return float(offset.nanos) / 1e9
    return float(offset.n * DAY) if isinstance(offset, Day) else None


def grid(first: np.datetime64, last: np.datetime64, frequency: str) -> Timestamps:
    """Returns every step of `frequency` from `first` to `last`, both included if they are steps.

    Raises:
        DatasetError: as for `offset_of`.
    """
    import pandas as pd

    steps = pd.date_range(
        pd.Timestamp(first), pd.Timestamp(last), freq=offset_of(frequency), unit="s"
    )
    return steps.to_numpy(dtype="datetime64[s]")


def steps_after(last: np.datetime64, frequency: str, count: int) -> Timestamps:
    """Returns the `count` steps of `frequency` that follow `last`, which is a step.

    Raises:
        DatasetError: as for `offset_of`.
    """
    import pandas as pd

    steps = pd.date_range(
        pd.Timestamp(last), periods=count + 1, freq=offset_of(frequency), unit="s"
    )
    return steps[1:].to_numpy(dtype="datetime64[s]")


def steps_between(first: np.datetime64, last: np.datetime64, frequency: str) -> int:
    """Returns the number of steps of `frequency` from `first` to `last`; negative if it is earlier.

    Raises:
        DatasetError: as for `offset_of`.
    """
    seconds = fixed_seconds(offset_of(frequency))
    if seconds is not None:
        return round(float((last - first) / np.timedelta64(1, "s")) / seconds)
    early, late = min(first, last), max(first, last)
    steps = max(len(grid(early, late, frequency)) - 1, 0)
    return steps if first <= last else -steps


def check_length(timestamps: Timestamps, frequency: str) -> None:
    """Rejects a `frequency` whose steps are far shorter than the time between readings.

    Raises:
        DatasetError: the grid would be more than 100 times as long as `timestamps`.
    """
    seconds = fixed_seconds(offset_of(frequency))
    if seconds is None:
        return
    steps = int((timestamps[-1] - timestamps[0]).astype(np.int64) / seconds) + 1
    if steps > _MOST_STEPS_PER_READING * len(timestamps):
        raise DatasetError(
            f"a series of {len(timestamps)} readings would have {steps} steps of {frequency!r}: "
            "set dataset.frequency to the time between two readings"
        )


def infer_frequency(timestamps: Timestamps) -> str:
    """Returns the frequency of strictly increasing `timestamps` [T]; some steps may be absent.

    The step is the most common difference, and all others must be multiples of it. Daily readings
    without a Saturday or Sunday are business days ("B").

    Raises:
        DatasetError: there are fewer than two timestamps, or they are irregular; the message names
            the first irregular one.
    """
    if len(timestamps) < 2:
        raise DatasetError(
            "a series needs at least two readings: add data and set dataset.frequency"
        )
    days = timestamps.astype("datetime64[D]")
    whole_days = bool((timestamps == days).all())
    if whole_days and (days == days.astype("datetime64[M]")).all():
        return _monthly(timestamps, days.astype("datetime64[M]").astype(np.int64), "S")
    next_days = days + 1
    if whole_days and (next_days == next_days.astype("datetime64[M]")).all():
        return _monthly(timestamps, days.astype("datetime64[M]").astype(np.int64), "E")
    seconds = _common_step(timestamps, timestamps.astype(np.int64))
    if whole_days and seconds == DAY and _no_weekend(days):
        return "B"
    return _alias(seconds, days[0], whole_days)


def _monthly(timestamps: Timestamps, months: NDArray[np.int64], end: str) -> str:
    step = _common_step(timestamps, months)
    month = int(months[0] % 12)  # 0 is January
    if step == 12:
        return f"Y{end}-{_MONTHS[month]}"
    if step == 3:
        # As pandas spells them: QS-JAN and QE-DEC are the calendar quarters.
        anchors = _MONTHS[:3] if end == "S" else ("JAN", "FEB", "DEC")
        return f"Q{end}-{anchors[month % 3]}"
    return f"M{end}" if step == 1 else f"{step}M{end}"


def _common_step(timestamps: Timestamps, positions: NDArray[np.int64]) -> int:
    steps = np.diff(positions)
    sizes, counts = np.unique(steps, return_counts=True)
    common = int(sizes[counts.argmax()])
    off = np.flatnonzero(steps % common)
    if off.size:
        before, after = timestamps[off[0]], timestamps[off[0] + 1]
        raise DatasetError(
            f"irregular timestamps: the step from {shown(before)} to {shown(after)} is not a "
            "multiple of the usual step;\n"
            "correct the file, or set dataset.frequency to a regular step"
        )
    return common


def _no_weekend(days: Timestamps) -> bool:
    """Returns whether `days` cover at least two weeks without a Saturday or Sunday."""
    # Day 0 is 1970-01-01, a Thursday, so day 4 is a Monday.
    weekday = (days.astype(np.int64) - 4) % 7
    return bool(days[-1] - days[0] >= np.timedelta64(14, "D") and (weekday < 5).all())


def _alias(seconds: int, first_day: np.datetime64, whole_days: bool) -> str:
    if whole_days and seconds == 7 * DAY:
        return f"W-{_WEEKDAYS[(int(first_day.astype(np.int64)) - 4) % 7]}"
    for unit, size in (("D", DAY), ("h", 3_600), ("min", 60)):
        if seconds % size == 0:
            return unit if seconds == size else f"{seconds // size}{unit}"
    return "s" if seconds == 1 else f"{seconds}s"


def shown(timestamp: np.datetime64) -> str:
    """Returns `timestamp` as text for messages, without the time of day if that is midnight."""
    text = str(timestamp.astype("datetime64[s]")).replace("T", " ")
    return text.removesuffix(" 00:00:00")
