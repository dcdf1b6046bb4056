"""The one look of the charts, which are Plotly's JSON: the colours of `search.plots.style`.

Whatever a user named is escaped here: Plotly takes a part of HTML in its texts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from math import isfinite
from typing import Any

import pandas as pd

from search.plots import formatting, style

Trace = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """An interactive picture.

    Attributes:
        key: its name in the page.
        title: its heading.
        note: what to know of it; without traces, why there are none.
        traces: Plotly's.
        layout: Plotly's.
        height: pixels.
        width: least pixels; on a narrower screen it is scrolled.
    """

    key: str
    title: str
    note: str
    traces: Sequence[Trace] = ()
    layout: Mapping[str, Any] = field(default_factory=dict)
    height: int = 380
    width: int = 0


@dataclass(frozen=True)
class Section:
    """Charts under one heading; `small` ones stand side by side."""

    key: str
    title: str
    charts: Sequence[Chart]
    note: str = ""
    small: bool = False


def words(text: str, length: int = 90) -> str:
    """`text` as Plotly shows it, character by character."""
    return escape(formatting.cut(text, length), quote=False)


def number(value: float, unit: str = "") -> str:
    """A figure in a hover text or a legend."""
    return words(formatting.number(value, unit))


def quantity(name: str, unit: str) -> str:
    """The title of an axis."""
    return words(formatting.quantity(name, unit))


def numbers(values: Iterable[float]) -> list[float | None]:
    """Values for JSON, with five significant digits; None, a gap, where one is not finite."""
    return [float(f"{value:.5g}") if isfinite(value) else None for value in values]


def moments(times: "pd.Series[pd.Timestamp]") -> list[str]:
    """Times as Plotly reads them: without a time of day where all are of midnight."""
    midnight = bool((times == times.dt.normalize()).all())
    return times.dt.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M:%S").tolist()


def layout(x: str, y: str, **more: Any) -> dict[str, Any]:
    """A layout with named axes, a grid, and the legend above; `more` goes into it or its axes."""
    axis = {
        "gridcolor": style.GRID,
        "zeroline": False,
        "linecolor": style.QUIET,
        "ticks": "outside",
        "tickcolor": style.QUIET,
        "automargin": True,
    }
    return {
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": style.INK},
        "margin": {"l": 56, "r": 16, "t": 8, "b": 44},
        "hovermode": "closest",
        "hoverlabel": {"align": "left", "namelength": -1},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        **more,
        "xaxis": {**axis, "title": {"text": x}, **more.get("xaxis", {})},
        "yaxis": {**axis, "title": {"text": y}, **more.get("yaxis", {})},
    }


def line(
    x: Sequence[Any], y: Sequence[Any], name: str, color: str, width: float = 1.5, **more: Any
) -> Trace:
    """A line; `name` puts it into the legend."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "name": name,
        "line": {"color": color, "width": width, **more.pop("line", {})},
        **more,
    }


def dots(x: Sequence[Any], y: Sequence[Any], name: str, color: str, **more: Any) -> Trace:
    """Points; `name` puts them into the legend."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": x,
        "y": y,
        "name": name,
        "marker": {"color": color, "size": 7, **more.pop("marker", {})},
        **more,
    }


def whole(count: int) -> dict[str, Any]:
    """An axis of `count` whole numbers: no tick between two of a few."""
    return {"dtick": 1} if count <= 24 else {}


def view(low: float, high: float, *, above: float = 0.08) -> list[float]:
    """A range of an axis with room around what it shows."""
    room = (high - low) or abs(high) * 0.1 or 1.0
    return [low - 0.06 * room, high + above * room]
