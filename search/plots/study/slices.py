"""Figures of the score of a study over each parameter, and over the two most important ones.

Letters: K trials, G points of a grid along an axis.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from search.plots import formatting, style
from search.plots.axis import missing, rank, written
from search.plots.study.scores import ceiling, complete_trials, no_trials, scores_of
from search.plots.style import Floats

_PANELS, _COLUMNS = 9, 3
_GRID = 60
_COLOURS = "viridis"  # darker is better; distinguishable with all types of colour vision


def slices(
    trials: pd.DataFrame,
    names: Sequence[str],
    *,
    unit: str,
    title: str,
    logarithmic: Sequence[str] = (),
) -> Figure:
    """Draws the score of each complete trial over each of the first nine parameters.

    Later trials are darker. Scores far above the others (beyond `ceiling`) are left out.

    Args:
        trials: table [K rows] with the columns number, state, score and one column per parameter
            (NaN if the trial does not have it).
        names: names of the parameters, the most important first.
        unit: unit of the series.
        title: title of the figure.
        logarithmic: parameters with a logarithmic axis.
    """
    done, shown = drawn(trials), [name for name in names if name in trials][:_PANELS]
    if not (len(done) and shown):
        reason = no_trials(trials) if shown else "The space has no parameters to draw."
        return style.message_figure(title, reason)
    rows = [shown[at : at + _COLUMNS] for at in range(0, len(shown), _COLUMNS)]
    width = min(_COLUMNS, len(shown))
    mosaic = [[*row, *["."] * (width - len(row))] for row in rows]
    figure, axes = style.new_figure(
        mosaic, 0.9 + 2.1 * len(rows), title=title, gap=0.6, bottom=0.55, top=0.6
    )
    for name, short in zip(shown, formatting.short_names(shown), strict=True):
        panel, here = axes[name], having(done, [name])
        at = _places(panel, here[name], horizontal=True, log=name in logarithmic)
        panel.scatter(
            at,
            scores_of(here),
            c=here["number"].to_numpy(),
            cmap="Blues",
            vmin=-len(trials) / 3,
            s=16,
            linewidths=0,
            zorder=3,
        )
        style.label(panel, x=formatting.cut(short, 30), y=style.quantity("score", unit))
    return figure


def contour(
    trials: pd.DataFrame,
    names: Sequence[str],
    *,
    unit: str,
    title: str,
    logarithmic: Sequence[str] = (),
) -> Figure:
    """Draws the score over the first two of `names`, interpolated between the complete trials.

    The arguments are those of `slices`. The surface is the mean of all scores, weighted by the
    inverse square of the distance to the trial.

    Source: Shepard, "A two-dimensional interpolation function for irregularly-spaced data", 1968.
    """
    done = drawn(trials)
    pair = [name for name in names if name in trials][:2]
    done = having(done, pair)
    if len(pair) < 2 or len(done) < 3:
        return style.message_figure(
            title, "This figure needs two parameters and three complete trials."
        )
    figure, axes = style.new_figure([["all"]], 4.6, title=title, bottom=0.55, left=1.1)
    panel, scores = axes["all"], scores_of(done)
    x, y = (
        _places(panel, done[name], horizontal=way, log=name in logarithmic)
        for name, way in zip(pair, (True, False), strict=True)
    )
    u, v = (_spread(at, name in logarithmic) for at, name in zip((x, y), pair, strict=True))
    surface = interpolated(u[0], v[0], scores)
    filled = panel.contourf(u[1], v[1], surface, levels=12, cmap=_COLOURS, zorder=1)
    panel.scatter(x, y, c="white", edgecolors=style.INK, s=18, linewidths=0.7, zorder=3)
    bar = figure.colorbar(filled, ax=panel, pad=0.02)
    bar.set_label(style.quantity("score", unit), fontsize=style.TEXT_SIZE, color=style.INK)
    bar.ax.tick_params(labelsize=style.TEXT_SIZE, colors=style.INK)
    short = [formatting.cut(name, 40) for name in formatting.short_names(pair)]
    style.label(panel, x=short[0], y=short[1])
    return figure


def drawn(trials: pd.DataFrame) -> pd.DataFrame:
    """Returns the complete trials whose score is not far above the others."""
    done = complete_trials(trials)
    return done[scores_of(done) <= ceiling(scores_of(done))] if len(done) else done


def having(trials: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Returns the trials that have all of the parameters `names`; null counts as a value."""
    return trials[~trials[[*names]].map(missing).any(axis=1)]


def _places(panel: Axes, column: "pd.Series[Any]", *, horizontal: bool, log: bool) -> Floats:
    """Sets the scale and ticks of an axis and returns the positions of the values [K]."""
    values = list(column)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        if log:
            (panel.set_xscale if horizontal else panel.set_yscale)("log")
        return np.array(values, dtype=np.float64)
    found = {written(value): value for value in values}
    marks = sorted(found, key=lambda mark: rank(found[mark]))
    axis = panel.xaxis if horizontal else panel.yaxis
    axis.set_ticks(range(len(marks)), [style.plain(formatting.cut(mark, 14)) for mark in marks])
    (panel.set_xlim if horizontal else panel.set_ylim)(-0.5, len(marks) - 0.5)
    return np.array([marks.index(written(value)) for value in values], dtype=np.float64)


def _spread(at: Floats, log: bool) -> tuple[tuple[Floats, Floats], Floats]:
    """Returns (positions [K], grid [G]), both from 0 to 1, and the grid [G] in axis units."""
    scaled = np.log(at) if log else at
    low, room = scaled.min(), np.ptp(scaled) or 1.0
    grid = np.linspace(0, 1, _GRID)
    units = low + grid * room
    return ((scaled - low) / room, grid), np.exp(units) if log else units


def interpolated(
    x: tuple[Floats, Floats], y: tuple[Floats, Floats], scores: Floats
) -> npt.NDArray[np.float64]:
    """Returns the interpolated scores [G, G].

    Args:
        x: positions [K] and grid [G] along x, from 0 to 1.
        y: positions [K] and grid [G] along y, from 0 to 1.
        scores: scores [K].
    """
    across = (x[1][:, None] - x[0]) ** 2
    surface = np.empty((len(y[1]), len(x[1])))
    for row, along in zip(surface, (y[1][:, None] - y[0]) ** 2, strict=True):
        weights = 1 / (across + along + 1e-3)  # [G, K] for one row, to save memory
        row[:] = (weights @ scores) / weights.sum(axis=-1)
    return surface
