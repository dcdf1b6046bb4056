"""Builds a regular series from readings with missing steps.

T: steps of the series. C: channels. n: readings.
"""

from collections.abc import Sequence
from logging import getLogger

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datasets.errors import DatasetError
from datasets.parsing.frequency import Timestamps, check_length, grid, infer_frequency, shown
from datasets.series import Series

_log = getLogger(__name__)


def regular_series(
    *,
    name: str,
    timestamps: ArrayLike,
    values: ArrayLike,
    channels: Sequence[str],
    target: int = 0,
    unit: str = "",
    frequency: str | None = None,
    source: str = "",
) -> Series:
    """Returns the regular series of readings; some steps may be absent.

    Absent steps become missing readings. Steps before the first one with a reading of every
    channel, and steps after the last reading of the target, are dropped.

    Args:
        name: name of the series.
        timestamps: strictly increasing timestamps [n].
        values: readings [n, C], or [n] of a single channel; NaN where one is missing.
        channels: names of the channels [C].
        target: index of the channel to forecast.
        unit: unit of the target.
        frequency: pandas alias of the step; None infers it.
        source: source of the readings, as in `Series`.

    Raises:
        DatasetError: the timestamps are unordered, irregular or not steps of the frequency, or
            there are no readings.
    """
    times = np.asarray(timestamps, dtype="datetime64[s]")
    readings = np.asarray(values, dtype=np.float64).reshape(len(times), len(channels))
    where = source or name
    unordered = np.flatnonzero(np.diff(times) <= np.timedelta64(0, "s"))
    if unordered.size:
        before, after = times[unordered[0]], times[unordered[0] + 1]
        raise DatasetError(
            f"{where}: timestamps must increase: {shown(after)} follows {shown(before)}"
        )
    if not times.size or np.isnan(readings[:, target]).all():
        raise DatasetError(f"{where}: there are no readings of {channels[target]!r}")
    try:
        step = frequency or infer_frequency(times)
        check_length(times, step)
    except DatasetError as error:
        raise DatasetError(f"{where}: {error}") from None
    steps, spread = _spread(times, readings, step, where)
    start, stop = _complete_span(spread, target, channels, where)
    return Series(
        name=name,
        values=spread[start:stop],
        timestamps=steps[start:stop],
        channels=tuple(channels),
        target=target,
        unit=unit,
        frequency=step,
        source=source,
    )


def _spread(
    times: Timestamps, readings: NDArray[np.float64], frequency: str, where: str
) -> tuple[Timestamps, NDArray[np.float64]]:
    """Returns all steps [T] and their readings [T, C], NaN at missing steps."""
    steps = grid(times[0], times[-1], frequency)
    index = np.searchsorted(steps, times)
    on_grid = index < len(steps)
    on_grid[on_grid] = steps[index[on_grid]] == times[on_grid]
    if not on_grid.all():
        raise DatasetError(
            f"{where}: {shown(times[~on_grid][0])} is not a step of frequency {frequency!r} "
            f"that starts at {shown(times[0])};\nset dataset.frequency, or correct the file"
        )
    spread = np.full((len(steps), readings.shape[1]), np.nan)
    spread[index] = readings
    return steps, spread


def _complete_span(
    values: NDArray[np.float64], target: int, channels: Sequence[str], where: str
) -> tuple[int, int]:
    observed = ~np.isnan(values)
    complete = np.flatnonzero(observed.all(axis=1))
    if not complete.size:
        raise DatasetError(
            f"{where}: no step has a reading of every channel: {', '.join(channels)}"
        )
    start, stop = int(complete[0]), int(np.flatnonzero(observed[:, target])[-1]) + 1
    lost = int(observed[:start, target].sum())
    if lost:
        _log.warning(
            "%s: dropped readings of %s before the first step with all inputs: %d",
            where,
            channels[target],
            lost,
        )
    return start, stop


def check_gaps(series: Series, max_gap: int) -> None:
    """Rejects a run of more than `max_gap` missing readings in any channel.

    Raises:
        DatasetError: a run is too long; the message names the longest one.
    """
    runs = [
        (run, channel) for channel in range(len(series.channels)) for run in _gaps(series, channel)
    ]
    too_long = [
        (stop - start, start, channel) for (start, stop), channel in runs if stop - start > max_gap
    ]
    if not too_long:
        return
    length, start, channel = max(too_long, key=lambda run: run[0])
    first, last = series.timestamps[start], series.timestamps[start + length - 1]
    others = f", the longest of {len(too_long)} such gaps" if len(too_long) > 1 else ""
    raise DatasetError(
        f"{series.name}: {series.channels[channel]} has no reading from {shown(first)} "
        f"to {shown(last)} ({length} steps){others}:\n"
        f"gaps of up to {max_gap} steps are filled from the past: add the readings,\n"
        f"or set dataset.max_gap={length} to fill this one too"
    )


def _gaps(series: Series, channel: int) -> list[tuple[int, int]]:
    """Returns (start, stop) of each run of missing readings of a channel."""
    missing = np.isnan(series.values[:, channel])
    edges = np.flatnonzero(np.diff(missing, prepend=False, append=False))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
