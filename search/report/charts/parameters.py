"""Charts of the parameters: their importance, and the score over each of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from search.plots import style
from search.plots.axis import Axis, axis_of, fanned, missing, written
from search.plots.study.scores import complete_trials, scores_of
from search.plots.study.slices import drawn, having, interpolated
from search.report.charts.style import Chart, dots, layout, numbers, quantity, words
from search.results.findings import Findings

_SLICES = 12
_APART = 0.24  # minimum distance of two tick labels of a small chart, as a share of its width
_GRID = 40
_EARLY, _LATE = "#B9D6EA", "#08306B"
HOVER_TEMPLATE = "%{text}<br>%{customdata[1]}<extra></extra>"


def axis_for(trials: pd.DataFrame, name: str, found: Findings) -> Axis:
    """Returns the axis of one parameter."""
    return axis_of(trials[name].tolist(), logarithmic=name in found.logarithmic)


def hover_text(name: str, value: object) -> str:
    """Returns the hover text of a parameter value."""
    return f"{words(name)}: {words('–' if missing(value) else written(value))}"


def importance(found: Findings) -> Chart:
    """Returns a bar chart of how much of the score's variation each parameter explains."""
    key, title = "importance", "Parameter importance"
    names = [name for name in found.ranked if name in found.importance]
    if not names:
        return Chart(key, title, found.mattered)
    shares = [found.importance[name] for name in names]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": numbers(shares),
        "y": [words(name) for name in names],
        "marker": {"color": style.MODEL},
        "text": [f"{share:.0%}" for share in shares],
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
    }
    axes = layout(
        "share of the score's variation",
        "",
        xaxis={"tickformat": ".0%", "fixedrange": True},
        yaxis={"type": "category", "autorange": "reversed", "fixedrange": True, "ticks": ""},
        dragmode=False,
    )
    axes["margin"] = {**axes["margin"], "r": 48}
    return Chart(key, title, found.mattered, [bars], axes, height=70 + 28 * len(names))


def slices(found: Findings) -> list[Chart]:
    """Returns a chart of the score over each parameter, the most important one first."""
    done = drawn(found.trials)
    made = []
    for name in found.ranked[:_SLICES]:
        here = having(done, [name]) if len(done) else done
        if len(here):
            made.append(_slice(here, name, found))
    return made


def _slice(here: pd.DataFrame, name: str, found: Findings) -> Chart:
    lowest = scores_of(complete_trials(found.trials)).min()
    here = here.assign(best=scores_of(here) == lowest).sort_values("best", kind="stable")
    axis = axis_for(here, name, found)
    points = dots(
        numbers(fanned(axis.heights[::-1])[::-1]),
        numbers(scores_of(here)),
        "",
        "",
        marker={
            "size": 7,
            "color": here["number"].tolist(),
            "colorscale": [[0, _EARLY], [1, _LATE]],
            "line": {"width": np.where(here["best"], 2.5, 0).tolist(), "color": style.BEST},
        },
        customdata=_hover_data(here, [name]),
        hovertemplate=HOVER_TEMPLATE,
    )
    axes = layout("", quantity("score", found.unit), xaxis=_ticks(axis, _APART), showlegend=False)
    axes["margin"] = {"l": 48, "r": 28, "t": 8, "b": 32}
    return Chart(f"slice-{found.ranked.index(name)}", name, "", [points], axes, height=230)


def _hover_data(here: pd.DataFrame, names: Sequence[str]) -> list[list[Any]]:
    """Returns the number and the hover text of each trial."""
    rows = here[[*names]].itertuples(index=False)
    texts = ["<br>".join(map(hover_text, names, row)) for row in rows]
    return [[int(trial), text] for trial, text in zip(here["number"], texts, strict=True)]


def _ticks(axis: Axis, gap: float = 0.0) -> dict[str, Any]:
    """Returns the ticks of `axis`; numbers closer than `gap` to the previous tick are left out."""
    shown: dict[float, str] = {}
    for height, text in sorted(axis.ticks.items()):
        if not shown or not text[-1].isdigit() or height - max(shown) >= gap:
            shown[height] = words(text)
    return {
        "tickvals": numbers(shown),
        "ticktext": [*shown.values()],
        "range": [-0.09, 1.09],
        "ticklabeloverflow": "allow",
    }


def contour(found: Findings) -> Chart:
    """Returns a contour chart of the score over the two most important parameters."""
    key, title = "contour", "Score over the two most important parameters"
    pair = [name for name in found.ranked if name in found.importance][:2]
    done = drawn(found.trials)
    done = having(done, pair) if len(done) else done
    if len(pair) < 2 or len(done) < 3:
        reason = "This chart needs two parameters with an importance, and three complete trials."
        return Chart(key, title, reason)
    x, y = (axis_for(done, name, found) for name in pair)
    grid = np.linspace(0, 1, _GRID)
    surface = interpolated((x.heights, grid), (y.heights, grid), scores_of(done))
    filled = {
        "type": "contour",
        "x": numbers(grid),
        "y": numbers(grid),
        "z": [numbers(row) for row in surface],
        "colorscale": "Viridis",
        "ncontours": 14,
        "line": {"width": 0},
        "hoverinfo": "skip",
        "colorbar": {"title": {"text": quantity("score", found.unit), "side": "right"}},
    }
    look = {"size": 7, "line": {"color": style.INK, "width": 1}}
    points = dots(
        numbers(x.heights),
        numbers(y.heights),
        *("", "white"),
        marker=look,
        customdata=_hover_data(done, pair),
        hovertemplate=HOVER_TEMPLATE,
        showlegend=False,
    )
    axes = layout(*map(words, pair), xaxis=_ticks(x), yaxis=_ticks(y))
    return Chart(key, title, "Darker is better.", [filled, points], axes, height=430)
