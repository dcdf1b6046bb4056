"""Lines through many points, with gaps where the data have them.

Letters: N points of a line.
"""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from search.plots.style import Array, Floats

_COLUMNS = 850  # a line is drawn with no more detail than the picture has columns of pixels


def line(
    axes: Axes,
    x: Array,
    y: Array,
    *,
    color: str,
    width: float = 1.3,
    alpha: float = 1.0,
    name: str = "",
    above: int = 2,
) -> Line2D:
    """Draws y [N] over x [N], both in the order of x; `name` puts it into the legend.

    NaN and infinity are gaps. A point between two gaps is a dot, and so is every point of a
    short line, so that one reading is seen too. More points than the picture has columns are
    thinned to the lowest and the highest of each column, which looks the same and is drawn
    five times as fast.
    """
    y = np.where(np.isfinite(y.astype(np.float64)), y, np.nan)
    gap = np.isnan(y)
    alone = ~gap & np.append(True, gap[:-1]) & np.append(gap[1:], True)
    dotted = ~gap if len(y) <= 30 else alone
    kept = _thinned(y, gap | alone)
    (drawn,) = axes.plot(
        x[kept],
        y[kept],
        color=color,
        linewidth=width if len(y) <= 400 else 0.75 * width,
        alpha=alpha,
        label=name or "_nolegend_",
        zorder=above,
        marker="o" if dotted.any() else "",
        markersize=2.5 * width,
        markeredgewidth=0,
        markevery=np.flatnonzero(dotted[kept]).tolist() if dotted.any() else None,
        solid_joinstyle="round",
    )
    return drawn


def _thinned(y: Floats, needed: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Indices of the points to draw: the ends, the `needed`, and each column's extremes."""
    size = -(-len(y) // _COLUMNS)
    if size <= 2:
        return np.arange(len(y))
    padded = np.pad(y, (0, -len(y) % size), constant_values=np.nan).reshape(-1, size)
    first = np.arange(len(padded)) * size
    lowest = first + np.where(np.isnan(padded), np.inf, padded).argmin(axis=1)
    highest = first + np.where(np.isnan(padded), -np.inf, padded).argmax(axis=1)
    ends = np.array([0, len(y) - 1])
    return np.unique(np.concatenate([ends, lowest, highest, np.flatnonzero(needed)]))


def breaks(time: Array, *values: Array) -> tuple[Array, ...]:
    """`time` [N] and `values` [N] each with a NaN put in where time jumps, so that lines break.

    A jump is a step back, or one longer than half as much again as the usual step: calendar
    months stay together.
    """
    steps = np.diff(time).astype(np.float64)
    usual = np.median(steps[steps > 0]) if (steps > 0).any() else 1.0
    jumps = np.flatnonzero((steps <= 0) | (steps > 1.5 * usual)) + 1
    return (
        np.insert(time, jumps, time[jumps - 1]),
        *(np.insert(column.astype(np.float64), jumps, np.nan) for column in values),
    )
