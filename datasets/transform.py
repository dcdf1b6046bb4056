"""Transforms of a series before training: scaling, seasonal differences and calendar terms.

T: steps. C: channels. P: Fourier pairs. N: forecast origins. H: horizon.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DatasetError, possible
from datasets.parsing.frequency import Timestamps

SCALERS = ("standard", "minmax", "robust", "none")

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scaler:
    """Scales each channel as (value - center) / scale.

    Attributes:
        center: number subtracted from each channel, float64 [C].
        scale: divisor of each channel, float64 [C], greater than 0.
    """

    center: Floats
    scale: Floats

    def apply(self, values: Floats) -> Floats:
        """Returns `values` [..., C] scaled; NaN stays NaN."""
        return (values - self.center) / self.scale

    def invert_target(self, values: Floats, target: int) -> Floats:
        """Returns scaled values of channel `target`, of any shape, in the series' units."""
        return cast(Floats, values * self.scale[target] + self.center[target])


def fit_scaler(kind: str, values: Floats) -> Scaler:
    """Returns a scaler fitted on `values` [T, C], which must be the training part only.

    standard: mean and standard deviation; minmax: to [0, 1]; robust: median and interquartile
    range; none: unchanged. NaN is ignored. A constant channel gets scale 1. With "robust", a
    channel whose quartiles coincide, such as rain, is scaled by its standard deviation.

    Raises:
        DatasetError: `kind` is not one of `SCALERS`, or a channel has no readings.
    """
    if kind not in SCALERS:
        raise DatasetError(f"transform.scaler is {kind!r}: {possible(kind, SCALERS)}")
    if not (~np.isnan(values)).any(axis=0).all():
        raise DatasetError("a channel has no reading in the training part, so it cannot be scaled")
    channels = values.shape[1]
    if kind == "none":
        return Scaler(np.zeros(channels), np.ones(channels))
    deviation = np.nanstd(values, axis=0)
    if kind == "standard":
        center, scale = np.nanmean(values, axis=0), deviation
    elif kind == "minmax":
        center = np.nanmin(values, axis=0)
        scale = np.nanmax(values, axis=0) - center
    else:
        low, center, high = np.nanquantile(values, (0.25, 0.5, 0.75), axis=0)
        scale = np.where(high > low, high - low, deviation)
    # For equal floats, rounding can make the deviation slightly greater than 0.
    noise = np.nanmax(np.abs(values), axis=0) * 1e-12
    return Scaler(cast(Floats, center), np.where(scale > noise, scale, 1.0))


def calendar_features(timestamps: Timestamps, pairs: int) -> Floats:
    """Returns sin and cos of the 1st to P-th harmonic of each timestamp's position in its year.

    The position is the elapsed share of the calendar year, so leap years and gaps do not shift it.
    If two neighbouring timestamps are less than a day apart, P pairs of the position in the day
    follow.

    Args:
        timestamps: datetime64[s] [T].
        pairs: P, the number of Fourier pairs, at least 0.

    Returns:
        float64 [T, 2P], or [T, 4P] with the position in the day.

    Raises:
        DatasetError: `pairs` is below 0.
    """
    if pairs < 0:
        raise DatasetError(f"transform.calendar is {pairs}: it must be at least 0")
    years = timestamps.astype("datetime64[Y]")
    year_starts = years.astype("datetime64[s]")
    days = timestamps.astype("datetime64[D]")
    places = [(timestamps - year_starts) / ((years + 1).astype("datetime64[s]") - year_starts)]
    if (np.diff(timestamps) < np.timedelta64(1, "D")).any():
        places.append((timestamps - days) / np.timedelta64(1, "D"))
    harmonics = np.arange(1, pairs + 1)
    angles = [2 * np.pi * place[:, None] * harmonics for place in places]
    waves = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
    return cast(Floats, np.concatenate(waves, axis=1))


def seasons_ago(steps: NDArray[np.int64], season: int) -> NDArray[np.int64]:
    """Returns how many steps the seasonal reference lies before the target, for each step ahead.

    The reference is the same position in the last season known at the origin: `season` steps
    before the target for up to one season ahead, twice as many for the next season, and so on.

    Args:
        steps: steps ahead, from 1; int64 of any shape.
        season: steps per season, at least 1.
    """
    return -(-steps // season) * season


def seasonal_differences(values: Floats, season: int) -> Floats:
    """Returns each value [T, C] minus the value one season before; NaN in the first season."""
    differences = np.full_like(values, np.nan)
    differences[season:] = values[season:] - values[:-season]
    return differences
