"""Figure of the errors of a trial: over time, by season, as a histogram, and by step ahead.

Letters: H steps ahead, R rows of a table of predictions (as in `search.plots.trial.forecast`).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from search.plots import formatting, lines, style
from search.plots.style import Array, Floats
from search.plots.trial.predictions import errors_of, first_step

_BINS = 24  # spans over which errors are averaged


def residuals(
    predictions: pd.DataFrame, *, unit: str, title: str, season: int, frequency: str
) -> Figure:
    """Draws the errors (forecast − actual) over time, by season, as a histogram; by step if H > 1.

    Args:
        predictions: table of predictions [R rows].
        unit: unit of the series.
        title: title of the figure.
        season: length of a season in steps.
        frequency: frequency of the series, a pandas alias such as "MS", "D" or "15min".

    Raises:
        ValueError: pandas does not know the alias.
    """
    first = first_step(predictions)
    time, errors = first["timestamp"], errors_of(first)
    every = errors_of(predictions)
    every = every[~np.isnan(every)]
    if not len(every):
        return style.message_figure(
            title, "No errors to draw: no scored step has both a forecast and an actual value."
        )
    steps = predictions["step"].to_numpy(dtype=np.int64)
    ahead = "" if steps.max() == 1 else " of step 1"
    rows = [["time", "time"], ["season", "spread"]]
    if steps.max() > 1:
        rows = [["time", "season"], ["spread", "steps"]]
    figure, axes = style.new_figure(rows, 5.6, title=title)

    _draw_dots(axes["time"], time.to_numpy(), errors)
    if len(errors) >= 4 * _BINS:
        seconds = time.to_numpy().astype("datetime64[s]").astype(np.float64)
        centers, means = span_means(seconds, errors)
        moments = centers.astype("datetime64[s]")
        lines.line(axes["time"], moments, means, color=style.VERMILLION, name="local mean", above=4)
    style.date_axis(axes["time"])
    style.label(
        axes["time"],
        title=f"Error{ahead} over time" if ahead else "Error over time: forecast − actual",
        y=style.quantity("error", unit),
    )
    style.legend(axes["time"])
    positions, name, ticks = season_positions(time, season=season, frequency=frequency)
    panel = axes["season"]
    _draw_dots(panel, positions, errors)
    centers, means = span_means(positions, errors)
    lines.line(panel, centers, means, color=style.VERMILLION, width=1.6, above=4)
    if ticks:
        panel.set_xticks(list(ticks), list(ticks.values()))
    style.label(panel, title=f"Error{ahead} by {name}", x=name, y=style.quantity("error", unit))
    _draw_spread(axes["spread"], every, unit, scope="" if not ahead else " of all steps")
    if "steps" in axes:
        _draw_steps(axes["steps"], predictions, unit)
    return figure


def _draw_dots(axes: Axes, x: Array, y: Floats) -> None:
    alpha, size = (0.75, 4.5) if len(y) <= 400 else (0.4, 3.0) if len(y) <= 4000 else (0.2, 2.0)
    axes.plot(
        x,
        y,
        linestyle="",
        marker="o",
        markersize=size,
        markeredgewidth=0,
        alpha=alpha,
        color=style.MODEL,
        label="_nolegend_",
        zorder=2,
    )
    axes.axhline(0, color=style.INK, linewidth=0.8)


def season_positions(
    time: pd.Series, *, season: int, frequency: str
) -> tuple[Floats, str, Mapping[int, str]]:
    """Returns the position of each timestamp in the season [R], the axis name, and tick labels.

    The position is taken from the calendar; it is not the index modulo the season.
    """
    offset = pd.tseries.frequencies.to_offset(frequency)
    start = pd.Timestamp("2001-01-01") + offset
    step = ((start + offset) - start) / pd.Timedelta(days=1)
    span = season * step
    parts = time.dt
    hour = (parts.hour + parts.minute / 60).to_numpy(dtype=np.float64)
    if step >= 27:
        names = dict(zip(range(1, 13), "JFMAMJJASOND", strict=True))
        return parts.month.to_numpy(dtype=np.float64), "month", names
    if step < 1 and span < 5:
        return hour, "hour of the day", {h: f"{h:02d}" for h in range(0, 25, 4)}
    if 5 <= span <= 9:
        weekday = parts.day_of_week.to_numpy(dtype=np.float64)
        names = dict(enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")))
        return weekday + (hour / 24 if step < 1 else 0), "day of the week", names
    return parts.day_of_year.to_numpy(dtype=np.float64), "day of the year", {}


def span_means(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Returns the mean x and mean y over spans of x, or over each value of x if there are few."""
    x, y = x[~np.isnan(y)], y[~np.isnan(y)]
    values, span = np.unique(x, return_inverse=True)
    if len(values) > 31:
        edges = np.linspace(values[0], values[-1], _BINS + 1)[1:-1]
        span = np.searchsorted(edges, x, side="right")
    count = np.bincount(span)
    found = count > 0
    centers = np.bincount(span, weights=x)[found] / count[found]
    return centers, np.bincount(span, weights=y)[found] / count[found]


def _draw_spread(axes: Axes, errors: Floats, unit: str, *, scope: str) -> None:
    """Draws a histogram of the finite `errors` with their mean and standard deviation."""
    mean, deviation = float(errors.mean()), float(errors.std())
    bins = int(min(max(np.sqrt(len(errors)), 5), 40))
    counts, edges = np.histogram(errors, bins=bins)
    axes.stairs(counts, edges, fill=True, color=style.SKY)
    axes.axvspan(mean - deviation, mean + deviation, color=style.GRID, zorder=0.5)
    axes.axvline(mean, color=style.VERMILLION, linewidth=1.6)
    axes.axvline(0, color=style.INK, linewidth=0.8)
    axes.yaxis.set_major_locator(style.whole_numbers(6))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    text = f"Errors{scope}: mean {formatting.number(mean)}, std {formatting.number(deviation)}"
    style.label(axes, title=text, x=style.quantity("error", unit), y="targets")


def _draw_steps(axes: Axes, predictions: pd.DataFrame, unit: str) -> None:
    sizes = pd.Series(np.abs(errors_of(predictions))).groupby(predictions["step"].to_numpy()).mean()
    steps = sizes.index.to_numpy(dtype=np.float64)
    lines.line(axes, steps, sizes.to_numpy(dtype=np.float64), color=style.MODEL, width=1.6)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(style.whole_numbers(8))
    style.label(axes, title="MAE by step", x="steps ahead", y=style.quantity("MAE", unit))
