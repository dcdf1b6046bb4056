"""Fills gaps from the past and cuts a series into windows.

T: steps of the series. C: channels. F: features, the input channels of the model. W: window size.
H: horizon. N: windows, one per forecast origin. S: steps from which the windows are cut.
"""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from datasets.errors import DatasetError

Floats = NDArray[np.float32] | NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of one part, in time order.

    Attributes:
        steps: float32 [S, F], the steps that the windows share.
        starts: int32 [N], the index in `steps` at which each window begins.
        window_size: W.
        y: targets [N, H] in the target's dtype, the steps (origin, origin + H].
        origins: int64 [N], index of the last step in each window.
        scored: bool [N, H], False where the target was filled.
    """

    steps: NDArray[np.float32]
    starts: NDArray[np.int32]
    window_size: int
    y: Floats
    origins: NDArray[np.int64]
    scored: NDArray[np.bool_]

    @property
    def x(self) -> NDArray[np.float32]:
        """The inputs [N, W, F], steps (origin - W, origin]; a view unless windows were removed."""
        views = sliding_window_view(self.steps, self.window_size, axis=0).transpose(0, 2, 1)
        return views if len(views) == len(self.starts) else views[self.starts]

    def where(self, kept: NDArray[np.bool_]) -> "Windows":
        """Returns the windows for which `kept` [N] is True."""
        return replace(
            self,
            starts=self.starts[kept],
            y=self.y[kept],
            origins=self.origins[kept],
            scored=self.scored[kept],
        )


def fill_forward(
    values: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Returns `values` [T, C] with each NaN replaced by its channel's last reading.

    Only earlier readings are used, so the first k filled steps never depend on later ones. A gap
    at the very start has no past to fill it from and raises an error; a `Series` never has one.

    Returns:
        filled: float64 [T, C] without NaN.
        observed: bool [T, C], True where `values` has a reading.

    Raises:
        DatasetError: a channel has no reading at the first step.
    """
    observed = ~np.isnan(values)
    if len(values) and not observed[0].all():
        channel = int(np.flatnonzero(~observed[0])[0])
        raise DatasetError(
            f"channel {channel} has no reading at the first step; gaps are filled from the past"
        )
    steps = np.arange(len(values))[:, None]
    last_read = np.maximum.accumulate(np.where(observed, steps, 0), axis=0)
    return np.take_along_axis(values, last_read, axis=0), observed


def cut(
    features: Floats,
    target: Floats,
    observed: NDArray[np.bool_],
    *,
    window_size: int,
    horizon: int,
    start: int,
    stop: int,
    first_step: int = 0,
) -> Windows:
    """Returns all windows whose H targets lie in [start, stop).

    Windows reach back before `start`, so the targets of a later part are the same for every window
    size. If `start` is 0, the first window is [first_step, first_step + W).

    Args:
        features: scaled features [T, F] without NaN; float32 in C order is not copied.
        target: values of the target [T].
        observed: [T], True where the target was read, False where it was filled.
        window_size: W, at least 1.
        horizon: H, at least 1.
        start: first step that may be a target.
        stop: the step after the last one that may be a target.
        first_step: first step that a window may contain; earlier steps have no features.

    Raises:
        DatasetError: [start, stop) is outside the series, contains no window or has fewer than W
            steps before it, or a feature or target is not finite.
    """
    length = len(features)
    if features.ndim != 2 or target.shape != (length,) or observed.shape != (length,):
        raise DatasetError(
            f"features of shape {features.shape} do not fit targets of shape {target.shape} "
            f"and {observed.shape}"
        )
    if window_size < 1 or horizon < 1 or not 0 <= start < stop <= length:
        raise DatasetError(
            f"no windows with task.window_size={window_size} and task.horizon={horizon} "
            f"over steps {start} to {stop} of {length}"
        )
    if 0 < start < first_step + window_size:
        season = f" plus a season of {first_step} steps" if first_step else ""
        raise DatasetError(
            f"task.window_size={window_size}{season} is longer than the {start} steps before the "
            "first scored target:\nreduce task.window_size, task.validation or task.test"
        )
    first = max(start, first_step + window_size) - 1
    count = stop - horizon - first
    if count < 1:
        raise DatasetError(
            f"task.window_size={window_size} and task.horizon={horizon} do not fit into "
            f"{stop - start} steps:\nreduce them, or make the part longer"
        )
    inputs = np.ascontiguousarray(features, dtype=np.float32)[first + 1 - window_size : stop]
    ahead = slice(first + 1, stop)
    if not (np.isfinite(inputs).all() and np.isfinite(target[ahead]).all()):
        raise DatasetError("windows need finite numbers: fill the gaps first")
    return Windows(
        steps=inputs[: count + window_size - 1],
        starts=np.arange(count, dtype=np.int32),
        window_size=window_size,
        y=cast(Floats, sliding_window_view(target[ahead], horizon)),
        origins=np.arange(first, first + count, dtype=np.int64),
        scored=sliding_window_view(observed[ahead], horizon),
    )
