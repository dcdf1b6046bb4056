"""Common style of the charts, which are Plotly JSON with the colours of `search.plots.style`.

User-defined names are escaped here, because Plotly renders some HTML tags in its texts.
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
    """An interactive chart.

    Attributes:
        key: identifier in the page.
        title: heading.
        note: explanation of the chart or, if there are no traces, of why it is empty.
        traces: Plotly traces.
        layout: Plotly layout.
        height: height in pixels.
        width: minimum width in pixels; the chart scrolls on a narrower screen.
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
    """Charts under one heading; `small` charts are placed side by side."""

    key: str
    title: str
    charts: Sequence[Chart]
    note: str = ""
    small: bool = False


def words(text: str, length: int = 90) -> str:
    """Returns `text`, shortened and escaped so that Plotly shows it literally."""
    return escape(formatting.cut(text, length), quote=False)


def number(value: float, unit: str = "") -> str:
    """Returns a number as written in a hover text or a legend."""
    return words(formatting.number(value, unit))


def quantity(name: str, unit: str) -> str:
    """Returns the title of an axis."""
    return words(formatting.quantity(name, unit))


def numbers(values: Iterable[float]) -> list[float | None]:
    """Returns values for JSON with five significant digits; None (a gap) if not finite."""
    return [float(f"{value:.5g}") if isfinite(value) else None for value in values]


def moments(times: "pd.Series[pd.Timestamp]") -> list[str]:
    """Returns times in Plotly's format, without the time of day if all of them are midnight."""
    midnight = bool((times == times.dt.normalize()).all())
    return times.dt.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M:%S").tolist()


def layout(x: str, y: str, **more: Any) -> dict[str, Any]:
    """Returns a layout with axis titles, a grid and a legend above the chart.

    Args:
        x: title of the x axis.
        y: title of the y axis.
        more: further options; `xaxis` and `yaxis` are merged into the axes.
    """
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
    """Returns a line trace; `name` is its entry in the legend."""
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
    """Returns a trace of points; `name` is its entry in the legend."""
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
    """Returns options for an axis of `count` integers that prevent ticks between them."""
    return {"dtick": 1} if count <= 24 else {}


def view(low: float, high: float, *, above: float = 0.08) -> list[float]:
    """Returns the range of an axis from `low` to `high` with a margin."""
    room = (high - low) or abs(high) * 0.1 or 1.0
    return [low - 0.06 * room, high + above * room]
