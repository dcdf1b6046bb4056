"""Climatology: the mean training reading at the target's position in the calendar.

T is the number of steps of a series, P the number of phases of a cycle and S the number of slots.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from models.baselines.history import Readings
from models.baselines.parameters import Parameters
from models.baselines.problem import Forecast, Problem, forecast_of

HOUR = np.timedelta64(1, "h")
DAY = np.timedelta64(1, "D")
# Days before each month of a leap year, so that a calendar day has the same number in every year.
DAYS_BEFORE_MONTH = np.cumsum([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30])


def climatology(problem: Problem) -> Forecast:
    """Returns the mean of the training readings at each target's calendar position.

    A position without a training reading uses the nearest position of its cycle that has one.
    """
    step = usual_step(problem.timestamps)
    positions = calendar_positions(problem.timestamps, problem.season, step)
    steps = np.flatnonzero(problem.observed[: problem.train_stop])
    means = _means(problem.values[steps], positions, steps)
    fitted = {"season": int(problem.season), "seconds": step, "means": means.tolist()}
    settings: dict[str, int | float | str] = {"by": positions.name}
    return forecast_of(
        "climatology", problem, fitted, apply_climatology, least=1, settings=settings
    )


def apply_climatology(parameters: Parameters, readings: Readings) -> NDArray[np.float64]:
    """Returns the forecasts [N, H] of climatology."""
    season, step = parameters.whole("season", 1), parameters.number("seconds")
    positions = calendar_positions(readings.timestamps, season, step)
    means = parameters.array("means", positions.slots, positions.cycle)
    targets = readings.targets
    return np.asarray(means[positions.slot[targets], positions.phase[targets]])


def usual_step(timestamps: NDArray[np.datetime64]) -> float:
    """Returns the median step of timestamps [T], in seconds."""
    return float(np.median(np.diff(timestamps).astype("timedelta64[s]").astype(np.int64)))


@final
@dataclass(frozen=True, eq=False)
class Positions:
    """The calendar position of each step of a series.

    phase: [T], 0 to cycle - 1, cyclic (December is next to January).
    slot: [T], 0 to slots - 1, not cyclic: a slot never uses the readings of another one.
    """

    name: str
    cycle: int
    slots: int
    phase: NDArray[np.int64]
    slot: NDArray[np.int64]


def calendar_positions(
    timestamps: NDArray[np.datetime64], season: int, step: float | None = None
) -> Positions:
    """Returns the position of each timestamp [T] in the cycle that suits the series' step.

    The step is given in seconds; by default, it is the median step of the timestamps.

    A season of exactly one week gives the weekly cycle: the hour of the week, or the weekday for
    daily readings. Any other season gives the yearly cycle: month and hour for steps below a day,
    the calendar day for daily steps, the week of the year for longer ones, and the month for steps
    of 28 days or more (a single mean for yearly readings).
    """
    step = usual_step(timestamps) if step is None else step
    days = timestamps.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    hour = (timestamps - days) // HOUR
    month = months.astype(np.int64) % 12
    no_slot = np.zeros_like(month)

    one_day = DAY // np.timedelta64(1, "s")
    if season > 1 and season * step == 7 * one_day:
        weekday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
        if step < one_day:
            return Positions("hour of the week", 7 * 24, 1, weekday * 24 + hour, no_slot)
        return Positions("weekday", 7, 1, weekday, no_slot)
    if step < one_day:
        return Positions("month and hour", 12, 24, month, hour)
    calendar_day = DAYS_BEFORE_MONTH[month] + (days - months) // DAY
    if step == one_day:
        return Positions("calendar day", 366, 1, calendar_day, no_slot)
    if step < 28 * one_day:
        return Positions("week of the year", 52, 1, np.minimum(calendar_day // 7, 51), no_slot)
    return Positions("month", 12, 1, month, no_slot)


def _means(
    readings: NDArray[np.float64], positions: Positions, steps: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Returns the mean of the readings (at `steps`) for each position, [S, P], without gaps."""
    table = (positions.slots, positions.cycle)
    cell = np.ravel_multi_index((positions.slot[steps], positions.phase[steps]), table)
    size = positions.slots * positions.cycle
    counts = np.bincount(cell, minlength=size).reshape(table)
    sums = np.bincount(cell, weights=readings, minlength=size).reshape(table)

    means = np.full(table, readings.mean())  # kept where a slot has no reading in any phase
    phases = np.arange(positions.cycle)
    for slot in range(positions.slots):
        seen = np.flatnonzero(counts[slot])
        if len(seen):
            apart = np.abs(phases[:, None] - seen)
            nearest = seen[np.minimum(apart, positions.cycle - apart).argmin(axis=1)]
            means[slot] = sums[slot, nearest] / counts[slot, nearest]
    return means
