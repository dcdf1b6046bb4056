"""Chart of the parameter values of the trials: one line per trial through parallel axes.

Letters: K trials, P parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from search.plots import formatting, style
from search.plots.axis import ABSENT, Axis, fanned
from search.plots.study.scores import ceiling, complete_trials, no_trials, scores_of
from search.report.charts.parameters import HOVER_TEMPLATE, axis_for, hover_text
from search.report.charts.style import (
    Chart,
    Trace,
    dots,
    layout,
    line,
    number,
    numbers,
    quantity,
    words,
)
from search.results.findings import Findings

_SHADES = 24  # number of line colours
_AXIS_WIDTH = 92  # distance between two axes, in pixels
_FEW, _MANY = {"width": 1.4, "opacity": 0.85}, {"width": 1.0, "opacity": 0.6}


def parallel(found: Findings) -> Chart:
    """Returns a chart with a line for each complete trial through its values, coloured by score."""
    key, title, names = "parallel", "Parameters and score of each trial", found.space.names
    done = complete_trials(found.trials)
    if not (len(done) and names):
        reason = no_trials(found.trials) if names else "The space has no parameters."
        return Chart(key, title, reason)
    done = done.sort_values("score", ascending=False, kind="stable")
    score = scores_of(done)
    low, top = float(score.min()), ceiling(score, spread=1.0)
    rated = np.clip((score - low) / ((top - low) or 1.0), 0, 1)
    columns = [axis_for(done, name, found) for name in names]
    heights = np.stack([*(fanned(column.heights) for column in columns), rated], axis=1)
    lines = [
        _Line(
            int(row["number"]),
            numbers(at),
            [
                *(hover_text(name, row[name]) for name in names),
                f"score: {number(row['score'], found.unit)}",
            ],
        )
        for at, (_, row) in zip(heights, done.iterrows(), strict=True)
    ]
    shade = np.round(rated * (_SHADES - 1)).astype(int)
    look = _FEW if len(done) <= 60 else _MANY
    traces = [
        _through([lines[at] for at in np.flatnonzero(shade == place)], color, **look)
        for place, color in reversed([*enumerate(style.shades(_SHADES))])  # the best on top
    ]
    best = {"name": f"best: {number(low, found.unit)}", "showlegend": True}
    traces.append({**_through(lines[-1:], style.INK, width=3), **best})
    above = int((score > top).sum())
    note = "Lines of trials without a parameter pass through –. Equal values are spread slightly."
    return Chart(
        key,
        title,
        note + (f" Scores above the scale: {above}." if above else ""),
        [*filter(lambda trace: trace["x"], traces), _scale(low, top, found.unit)],
        _layout([*map(words, formatting.short_names(names)), "score"], columns),
        height=440,
        width=_AXIS_WIDTH * (len(names) + 2),
    )


@dataclass(frozen=True)
class _Line:
    """Line of one trial.

    Attributes:
        trial: number of the trial.
        heights: heights at the P axes and at the score axis.
        texts: hover texts at these axes.
    """

    trial: int
    heights: list[float | None]
    texts: list[str]


def _through(lines: Sequence[_Line], color: str, *, width: float, opacity: float = 1.0) -> Trace:
    """Returns a trace of lines in one colour, with gaps between them."""
    x: list[int | None] = []
    y: list[float | None] = []
    hover: list[list[Any]] = []
    for one in lines:
        x += [*range(len(one.heights)), None]
        y += [*one.heights, None]
        hover += [[one.trial, text] for text in (*one.texts, "")]
    return line(
        *(x, y, "", color, width),
        customdata=hover,
        hovertemplate=HOVER_TEMPLATE,
        opacity=opacity,
        showlegend=False,
    )


def _layout(names: Sequence[str], columns: Sequence[Axis]) -> dict[str, Any]:
    """Returns a layout of P vertical axes with their ticks; `names` are written below."""
    absent = any(ABSENT in column.ticks for column in columns)
    return {
        **layout("", ""),
        "xaxis": {
            "tickvals": [*range(len(names))],
            "ticktext": [name.replace(".", "<br>") for name in names],
            "range": [-0.2, len(columns) + 0.02],
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
        },
        "yaxis": {
            "range": [ABSENT - 0.05 if absent else -0.06, 1.06],
            "fixedrange": True,
            "visible": False,
        },
        "dragmode": False,
        "margin": {"l": 8, "r": 16, "t": 8, "b": 56},
        "shapes": [_upright(place) for place in range(len(columns))],
        "annotations": [
            _tick(place, height, text)
            for place, column in enumerate(columns)
            for height, text in column.ticks.items()
        ],
    }


def _scale(low: float, top: float, unit: str) -> Trace:
    """Returns an empty trace that shows the colour bar of the scores."""
    bar = {"title": {"text": quantity("score", unit), "side": "right"}, "thickness": 14, "len": 0.9}
    look = {"colorscale": "Viridis", "cmin": low, "cmax": top, "showscale": True, "colorbar": bar}
    return dots([None], [None], "", "", marker={**look, "color": [low]}, showlegend=False)


def _upright(place: int) -> dict[str, Any]:
    look = {"color": style.INK, "width": 1}
    return {"type": "line", "x0": place, "x1": place, "y0": 0, "y1": 1, "line": look}


def _tick(place: int, height: float, text: str) -> dict[str, Any]:
    return {
        "x": place,
        "y": height,
        "text": words(text),
        "showarrow": False,
        "xanchor": "left",
        "xshift": 3,
        "bgcolor": "rgba(255,255,255,0.8)",
        "borderpad": 0,
        "font": {"size": 11},
    }
