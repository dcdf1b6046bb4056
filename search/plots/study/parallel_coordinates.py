"""Figure of parameter values and scores: one line per trial through parallel axes.

Letters: K trials, P parameters.
"""

import math
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from search.plots import formatting, style
from search.plots.axis import ABSENT, Axis, axis_of, fanned
from search.plots.study.scores import ceiling, complete_trials, no_trials, scores_of
from search.plots.style import Floats

_PER_ROW = 9  # maximum number of axes in a row with readable names


def parallel_coordinates(
    trials: pd.DataFrame,
    parameters: Sequence[str],
    *,
    unit: str,
    title: str,
    logarithmic: Collection[str] = (),
) -> Figure:
    """Draws a line for each complete trial through its values, coloured by score, best on top.

    Lower scores are better. The line of a trial without a parameter (NaN, or no such column) passes
    below the axis, at "–". More than nine parameters are drawn in several rows.

    Args:
        trials: table [K rows] with a column for each parameter, and score; if it also has the
            column state, only complete trials are drawn.
        parameters: dotted names of the P parameters.
        unit: unit of the series.
        title: title of the figure.
        logarithmic: parameters with a logarithmic axis. Numbers that span more than two decades
            get one too; strings, booleans, None (a choice of null) and mixtures are categories.
    """
    complete = complete_trials(trials)
    if not len(complete):
        return style.message_figure(title, no_trials(trials))
    if not parameters:
        return style.message_figure(title, "The space has no parameters to draw.")
    complete = complete.sort_values("score", ascending=False, kind="stable")
    score = scores_of(complete)
    low, top = float(score.min()), ceiling(score, spread=1.0)
    norm = Normalize(low, top) if top > low else Normalize(low - 0.5, low + 0.5)
    names = dict(zip(parameters, formatting.short_names(parameters), strict=True))

    count = -(-len(parameters) // _PER_ROW)
    size = -(-len(parameters) // count)
    rows = [list(parameters[i : i + size]) for i in range(0, len(parameters), size)]
    mosaic = [[f"row {i}"] for i in range(len(rows))]
    figure, axes = style.new_figure(
        mosaic, 0.75 + 3.3 * len(rows), title=title, left=0.15, right=0.75, top=0.5, bottom=0.6
    )
    above = int((score > top).sum())
    more = f"; {above} above" if above else ""
    best = f"best: {formatting.number(low, unit)}"
    if "number" in complete:
        best += f" (trial {complete['number'].iloc[-1]})"
    for row, panel in zip(rows, axes.values(), strict=True):
        columns = [
            axis_of(
                complete[name].tolist() if name in complete else [math.nan] * len(complete),
                logarithmic=name in logarithmic,
            )
            for name in row
        ]
        _draw_row(panel, columns, [names[name] for name in row], size)
        _draw_lines(panel, columns, score, norm, best)
        bar = figure.colorbar(
            ScalarMappable(norm, "viridis"),
            cax=panel.inset_axes((len(row), 0, 0.02 * (size + 1), 1), transform=panel.transData),
        )
        bar.ax.tick_params(colors=style.QUIET, labelcolor=style.INK, labelsize=style.TEXT_SIZE)
        bar.set_label(
            style.quantity("score", unit) + more, fontsize=style.TEXT_SIZE, color=style.INK
        )
    style.legend(axes["row 0"])
    return figure


def _draw_row(panel: Axes, columns: Sequence[Axis], names: Sequence[str], size: int) -> None:
    """Draws the axes of one row, each with its ticks on the right and its name below."""
    panel.grid(visible=False)
    for spine in panel.spines.values():
        spine.set_visible(False)
    absent = any(ABSENT in column.ticks for column in columns)
    panel.set_ylim(ABSENT - 0.05 if absent else -0.06, 1.06)
    # A row with fewer axes than the first has the same distance between axes and is shorter.
    panel.set_xlim(-0.35, size + 0.02 * (size + 1))
    panel.set_yticks([])
    panel.set_xticks(range(len(names)), [style.plain(name.replace(".", "\n")) for name in names])
    panel.tick_params(axis="x", length=0, pad=2)
    panel.vlines(range(len(names)), 0, 1, color=style.INK, linewidth=0.9, zorder=4)
    behind = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.8}
    for place, column in enumerate(columns):
        for height, text in column.ticks.items():
            panel.annotate(
                style.plain(text),
                (place, height),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=style.TEXT_SIZE + 1.5 if height == ABSENT else style.TEXT_SIZE - 0.5,
                fontweight="bold" if height == ABSENT else "normal",
                color=style.INK,
                bbox=behind,
                zorder=5,
            )


def _draw_lines(
    panel: Axes, columns: Sequence[Axis], score: Floats, norm: Normalize, best: str
) -> None:
    """Draws the lines of the trials, worst first; each ends at its score on the colour bar."""
    heights = [*(fanned(column.heights) for column in columns), np.clip(norm(score), 0, 1)]
    points = np.stack(heights, axis=1)
    places = np.broadcast_to(np.arange(points.shape[1], dtype=np.float64), points.shape)
    lines = LineCollection(
        list(np.stack([places, points], axis=2)),
        array=score,
        norm=norm,
        cmap="viridis",
        linewidths=1.3 if len(score) <= 60 else 0.9,
        alpha=0.8 if len(score) <= 60 else 0.55,
        zorder=2,
    )
    panel.add_collection(lines)
    panel.plot(places[-1], points[-1], color=style.VERMILLION, linewidth=2.2, label=best, zorder=3)
