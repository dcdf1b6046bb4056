"""Chart of the searched values of each trial: a line a trial through parallel axes.

Letters: K trials, P parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from search.plots import formatting, style
from search.plots.axis import (
    ABSENT,
    Axis,
    fanned,
)
from search.plots.study.scores import (
    ceiling,
    complete_trials,
    no_trials,
    scores_of,
)
from search.report.charts.look import (
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
from search.report.charts.values import (
    TELL,
    axis_for,
    told,
)
from search.results.findings import Findings

_SHADES = 24  # colours of the lines
_AXIS_WIDTH = 92  # pixels
_FEW, _MANY = {"width": 1.4, "opacity": 0.85}, {"width": 1.0, "opacity": 0.6}


def parallel(found: Findings) -> Chart:
    """A line for each complete trial through its values, coloured by its score."""
    key, title, names = "parallel", "Values and score of each trial", found.space.names
    done = complete_trials(found.trials)
    if not (len(done) and names):
        return Chart(key, title, no_trials(found.trials) if names else "Nothing is searched.")
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
                *(told(name, row[name]) for name in names),
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
    note = "At – a trial does not have the value. Equal values are spread a little."
    return Chart(
        key,
        title,
        note + (f" Above the scale: {above}." if above else ""),
        [*filter(lambda trace: trace["x"], traces), _scale(low, top, found.unit)],
        _layout([*map(words, formatting.short_names(names)), "score"], columns),
        height=440,
        width=_AXIS_WIDTH * (len(names) + 2),
    )


@dataclass(frozen=True)
class _Line:
    """A trial: its number, where it passes the P axes and its score, and what it has there."""

    trial: int
    heights: list[float | None]
    told: list[str]


def _through(lines: Sequence[_Line], color: str, *, width: float, opacity: float = 1.0) -> Trace:
    """Lines of one colour, a gap between two."""
    x: list[int | None] = []
    y: list[float | None] = []
    whose: list[list[Any]] = []
    for one in lines:
        x += [*range(len(one.heights)), None]
        y += [*one.heights, None]
        whose += [[one.trial, text] for text in (*one.told, "")]
    return line(
        *(x, y, "", color, width),
        customdata=whose,
        hovertemplate=TELL,
        opacity=opacity,
        showlegend=False,
    )


def _layout(names: Sequence[str], columns: Sequence[Axis]) -> dict[str, Any]:
    """Upright axes [P] with what stands on them, and their `names` and the score's below."""
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
    """The colours of the scores; it has no points."""
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
