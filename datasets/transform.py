"""What happens to a series before a net sees it: scaling, seasonal differences, calendar terms.

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
    """An affine map a channel: (value - center) / scale.

    Attributes:
        center: float64 [C].
        scale: float64 [C], above 0.
    """

    center: Floats
    scale: Floats

    def apply(self, values: Floats) -> Floats:
        """Returns `values` [..., C] scaled; NaN stays NaN."""
        return (values - self.center) / self.scale

    def invert_target(self, values: Floats, target: int) -> Floats:
        """Returns scaled values of the channel `target`, of any shape, in the series' units."""
        return cast(Floats, values * self.scale[target] + self.center[target])


def fit_scaler(kind: str, values: Floats) -> Scaler:
    """Returns the scaler of `values` [T, C], which must be the training part alone.

    standard: mean and standard deviation; minmax: into [0, 1]; robust: median and the distance of
    the quartiles; none: as it is. A NaN is left out. A channel without spread keeps its size
    (scale 1); one whose quartiles coincide, like rain, is scaled by its standard deviation under
    "robust".

    Raises:
        DatasetError: `kind` is none of `SCALERS`, or a channel has no reading.
    """
    if kind not in SCALERS:
        raise DatasetError(f"transform.scaler is {kind!r}: {possible(kind, SCALERS)}")
    if not (~np.isnan(values)).any(axis=0).all():
        raise DatasetError("a channel has no reading in the training part to be scaled by")
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
    # The deviation of equal floats can be a rounding error instead of 0.
    noise = np.nanmax(np.abs(values), axis=0) * 1e-12
    return Scaler(cast(Floats, center), np.where(scale > noise, scale, 1.0))


def calendar_features(timestamps: Timestamps, pairs: int) -> Floats:
    """Returns sin and cos of the 1st to P-th harmonic of each timestamp's place in its year.

    The place is the share of that calendar year which has passed, so it keeps its meaning over leap
    years and gaps. Where two neighbours are less than a day apart, P pairs of the place in the day
    follow.

    Args:
        timestamps: datetime64[s] [T].
        pairs: P, at least 0.

    Returns:
        float64 [T, 2P], or [T, 4P] with the place in the day.

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
    """Returns how many steps before its target the seasonal reference lies, for each step ahead.

    It is the same place in the last season that is known at the origin: `season` steps for a step
    ahead of up to one season, twice as many for the season after that.

    Args:
        steps: int64 of any shape, steps ahead from 1.
        season: at least 1.
    """
    return -(-steps // season) * season


def seasonal_differences(values: Floats, season: int) -> Floats:
    """Returns each value [T, C] minus the one a season before; NaN in the first season."""
    differences = np.full_like(values, np.nan)
    differences[season:] = values[season:] - values[:-season]
    return differences
