"""Positions of the values of one parameter on an axis: numbers, categories and absent values.

Letters: K trials.
"""

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, MaxNLocator

from search.plots import formatting
from search.plots.style import Floats

ABSENT = -0.16  # height of trials that do not have the parameter
_FEW = 7  # up to this number of distinct values, each gets a tick
_MOST_TICKS = 14
_TICK_GAP = 0.06  # minimum distance of two ticks, as a share of the axis


@final
@dataclass(frozen=True)
class Axis:
    """An axis of one parameter.

    Attributes:
        heights: heights [K] of the trials, from 0 to 1, or `ABSENT`.
        ticks: tick labels by height.
    """

    heights: Floats
    ticks: dict[float, str]


def axis_of(values: Sequence[object], *, logarithmic: bool) -> Axis:
    """Returns the axis of `values` [K]: a numeric scale, or categories if not all are numbers."""
    present = [value for value in values if not missing(value)]
    if all(isinstance(v, numbers.Real) and not isinstance(v, bool | np.bool_) for v in present):
        found, ticks = _on_scale(np.array(present, dtype=np.float64), logarithmic=logarithmic)
    else:
        found, ticks = _on_categories(present)
    heights = np.full(len(values), ABSENT)
    heights[[not missing(value) for value in values]] = found
    if len(present) < len(values):
        ticks[ABSENT] = "–"
    return Axis(heights, ticks)


def missing(value: object) -> bool:
    """Returns whether the value is NaN: the trial does not have the parameter. None is a value."""
    return value is pd.NA or (isinstance(value, numbers.Real) and math.isnan(value))


def _on_scale(values: Floats, *, logarithmic: bool) -> tuple[Floats, dict[float, str]]:
    """Returns the heights of numbers on a linear or logarithmic axis, and its ticks."""
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
    """Returns evenly spaced heights of mixed choices in the order of `rank`, and the ticks."""
    found = {written(value): value for value in values}
    order = sorted(found, key=lambda text: rank(found[text]))
    places = np.linspace(0, 1, len(order)) if len(order) > 1 else np.array([0.5])
    height = dict(zip(order, places.tolist(), strict=True))
    every = -(-len(height) // _MOST_TICKS)
    ticks = {place: formatting.cut(text, 14) for text, place in list(height.items())[::every]}
    return np.array([height[written(value)] for value in values]), ticks


def rank(value: object) -> tuple[int, float, str]:
    """Returns the sort key of a choice: booleans come first, then numbers, strings and null."""
    if value is None:
        return 3, 0.0, ""
    if isinstance(value, bool | np.bool_):
        return 0, float(value), ""
    if isinstance(value, numbers.Real):
        return 1, float(value), ""
    return 2, 0.0, str(value)


def written(value: object) -> str:
    """Returns the value as written in the YAML configuration."""
    if value is None:
        return "null"
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    return _digits(value) if isinstance(value, float) else str(value)


def _digits(value: float) -> str:
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e6 else f"{value:.3g}"


def fanned(heights: Floats) -> Floats:
    """Returns the `heights` of trials, sorted worst first, with equal heights spread slightly.

    The colours of the lines at each choice then show how well it did. A value that only one trial
    has is not moved, and no spread is wider than half the distance between two values.
    """
    spread = heights.copy()
    levels, counts = np.unique(heights, return_counts=True)
    widest = min(0.1, 0.5 / len(levels))
    for level in levels[counts > 1]:
        equal = np.flatnonzero(heights == level)
        half = min(widest, 0.008 * (len(equal) - 1)) / 2
        spread[equal] += np.linspace(half, -half, len(equal))
    return spread
