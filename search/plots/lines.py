"""Lines through many points, with gaps where data are missing.

Letters: N points of a line.
"""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from search.plots.style import Array, Floats

_COLUMNS = 850  # pixel columns of a panel: a line needs no more detail than that


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
    """Draws y [N] over x [N], both sorted by x; `name` is the entry in the legend.

    NaN and infinity are drawn as gaps. A point between two gaps and every point of a short line
    get a dot, so that single readings are visible. If there are more points than pixel columns,
    only the lowest and the highest point of each column are kept, which looks the same and draws
    five times faster.
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
    """Returns the indices of the points to draw: ends, `needed` points, extremes of each column."""
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
    """Returns `time` [N] and `values` [N] with a NaN inserted at each jump in time, to break lines.

    A jump is a step back, or a step longer than 1.5 times the median step, so that calendar months
    of different lengths stay connected.
    """
    steps = np.diff(time).astype(np.float64)
    usual = np.median(steps[steps > 0]) if (steps > 0).any() else 1.0
    jumps = np.flatnonzero((steps <= 0) | (steps > 1.5 * usual)) + 1
    return (
        np.insert(time, jumps, time[jumps - 1]),
        *(np.insert(column.astype(np.float64), jumps, np.nan) for column in values),
    )
