"""Searched values against scores: a line a trial through parallel axes. Lower scores win.

Letters: K trials, P parameters.
"""

import math
import numbers
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from search.plots import style
from search.plots.style import Floats
from search.plots.trials import ceiling, complete_trials, no_trials, scores_of

_ABSENT = -0.16  # where a line passes a parameter that its trial does not have
_PER_ROW = 9  # axes that fit side by side with readable names
_FEW = 7  # values that each get a tick of their own
_MOST_TICKS = 14
_TICK_GAP = 0.06  # least distance of two ticks, in heights of the axis


def parallel_coordinates(
    trials: pd.DataFrame,
    parameters: Sequence[str],
    *,
    unit: str,
    title: str,
    logarithmic: Collection[str] = (),
) -> Figure:
    """A line for each complete trial through its values, coloured by its score, the best on top.

    `trials` [K rows] has a column for each of the P dotted `parameters`, and score; where it has
    state too, only complete trials count. Numbers stand on a linear axis, on a logarithmic one
    where `logarithmic` names them or they span more than two decades; strings, truth values, None
    (a choice of null) and mixtures are categories. NaN, or no such column, is a parameter that the
    trial does not have: its line passes below, at "–". More than nine go on in a second row.
    """
    complete = complete_trials(trials)
    if not len(complete):
        return style.message_figure(title, no_trials(trials))
    if not parameters:
        return style.message_figure(title, "The space has no parameter to draw.")
    complete = complete.sort_values("score", ascending=False, kind="stable")
    score = scores_of(complete)
    low, top = float(score.min()), ceiling(score, spread=1.0)
    norm = Normalize(low, top) if top > low else Normalize(low - 0.5, low + 0.5)
    names = dict(zip(parameters, style.short_names(parameters), strict=True))

    count = -(-len(parameters) // _PER_ROW)
    size = -(-len(parameters) // count)
    rows = [list(parameters[i : i + size]) for i in range(0, len(parameters), size)]
    mosaic = [[f"row {i}"] for i in range(len(rows))]
    figure, axes = style.new_figure(
        mosaic, 0.75 + 3.3 * len(rows), title=title, left=0.15, right=0.75, top=0.5, bottom=0.6
    )
    above = int((score > top).sum())
    told = f"; {above} above" if above else ""
    best = f"best: {style.number(low, unit)}"
    if "number" in complete:
        best += f" (trial {complete['number'].iloc[-1]})"
    for row, panel in zip(rows, axes.values(), strict=True):
        columns = [
            _axis(
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
            style.quantity("score", unit) + told, fontsize=style.TEXT_SIZE, color=style.INK
        )
    style.legend(axes["row 0"])
    return figure


@final
@dataclass(frozen=True)
class _Axis:
    """Heights [K] of the trials on one axis (0..1, or `_ABSENT`), and what stands at a height."""

    heights: Floats
    ticks: dict[float, str]


def _axis(values: Sequence[object], *, logarithmic: bool) -> _Axis:
    present = [value for value in values if not _missing(value)]
    if all(isinstance(v, numbers.Real) and not isinstance(v, bool | np.bool_) for v in present):
        found, ticks = _on_scale(np.array(present, dtype=np.float64), logarithmic=logarithmic)
    else:
        found, ticks = _on_categories(present)
    heights = np.full(len(values), _ABSENT)
    heights[[not _missing(value) for value in values]] = found
    if len(present) < len(values):
        ticks[_ABSENT] = "–"
    return _Axis(heights, ticks)


def _missing(value: object) -> bool:
    return value is pd.NA or (isinstance(value, numbers.Real) and math.isnan(value))


def _on_scale(values: Floats, *, logarithmic: bool) -> tuple[Floats, dict[float, str]]:
    """Heights of numbers on a linear or logarithmic axis, and its ticks."""
    distinct = np.unique(values)
    if len(distinct) < 2:
        middle = np.full(len(values), 0.5)
        return middle, dict(zip(middle.tolist(), [_digits(value) for value in values], strict=True))
    low, high = distinct[0], distinct[-1]
    logarithmic = low > 0 and (logarithmic or high > 100 * low)
    if len(distinct) <= _FEW:
        marks = distinct
    elif logarithmic:
        subs = (1.0, 2.0, 5.0) if high <= 100 * low else (1.0,)
        marks = np.asarray(LogLocator(subs=subs).tick_values(low, high))
    else:
        marks = np.asarray(MaxNLocator(5).tick_values(low, high))
    marks = marks[(marks >= low) & (marks <= high)]

    def height(at: Floats) -> Floats:
        if logarithmic:
            return np.asarray(np.log(at / low) / np.log(high / low))
        return np.asarray((at - low) / (high - low))

    ticks: dict[float, str] = {}
    for place, mark in zip(height(marks).tolist(), marks.tolist(), strict=True):
        if not ticks or place - max(ticks) >= _TICK_GAP:
            ticks[place] = _digits(mark)
    return height(values), ticks


def _on_categories(values: Sequence[object]) -> tuple[Floats, dict[float, str]]:
    """Heights of mixed choices, evenly spaced: truth values, numbers, words, null."""
    found = {_written(value): value for value in values}
    order = sorted(found, key=lambda text: _rank(found[text]))
    places = np.linspace(0, 1, len(order)) if len(order) > 1 else np.array([0.5])
    height = dict(zip(order, places.tolist(), strict=True))
    every = -(-len(height) // _MOST_TICKS)
    ticks = {place: style.cut(text, 14) for text, place in list(height.items())[::every]}
    return np.array([height[_written(value)] for value in values]), ticks


def _rank(value: object) -> tuple[int, float, str]:
    if value is None:
        return 3, 0.0, ""
    if isinstance(value, bool | np.bool_):
        return 0, float(value), ""
    if isinstance(value, numbers.Real):
        return 1, float(value), ""
    return 2, 0.0, str(value)


def _written(value: object) -> str:
    """As the configuration's yaml writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    return _digits(value) if isinstance(value, float) else str(value)


def _digits(value: float) -> str:
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e6 else f"{value:.3g}"


def _draw_row(panel: Axes, columns: Sequence[_Axis], names: Sequence[str], size: int) -> None:
    """The axes of one row, each with its ticks at its right and its name below."""
    panel.grid(visible=False)
    for spine in panel.spines.values():
        spine.set_visible(False)
    absent = any(_ABSENT in column.ticks for column in columns)
    panel.set_ylim(_ABSENT - 0.05 if absent else -0.06, 1.06)
    # A row with fewer axes than the first keeps their distances and ends earlier.
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
                fontsize=style.TEXT_SIZE + 1.5 if height == _ABSENT else style.TEXT_SIZE - 0.5,
                fontweight="bold" if height == _ABSENT else "normal",
                color=style.INK,
                bbox=behind,
                zorder=5,
            )


def _draw_lines(
    panel: Axes, columns: Sequence[_Axis], score: Floats, norm: Normalize, best: str
) -> None:
    """The trials, worst first, each ending at its score on the colour bar."""
    heights = [*(_fanned(column.heights) for column in columns), np.clip(norm(score), 0, 1)]
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


def _fanned(heights: Floats) -> Floats:
    """`heights` of trials, worst first, spread a little where many are equal.

    The colours at each choice then show how it did. A value that one trial has stays in place;
    no band is wider than half the distance between values.
    """
    fanned = heights.copy()
    levels, counts = np.unique(heights, return_counts=True)
    widest = min(0.1, 0.5 / len(levels))
    for level in levels[counts > 1]:
        equal = np.flatnonzero(heights == level)
        half = min(widest, 0.008 * (len(equal) - 1)) / 2
        fanned[equal] += np.linspace(half, -half, len(equal))
    return fanned
