"""Figure of the forecast of a trial.

Letters: H steps ahead, R rows of a table of predictions. Such a table has the columns timestamp
(datetime64 of the target), actual (NaN = missing reading), forecast, step (1..H), origin
(datetime64) and fold (from 0); values are in the unit of the series.
"""

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from search.plots import formatting, lines, style
from search.plots.style import Floats
from search.plots.trial.predictions import closing, errors_of, first_step, floats_of


def forecast(
    predictions: pd.DataFrame,
    *,
    baselines: Mapping[str, pd.DataFrame],
    unit: str,
    title: str,
    season: int,
) -> Figure:
    """Draws the forecast one step ahead with the actual values, its error, and the last season.

    With H > 1 all three panels show step 1.

    Args:
        predictions: table of predictions [R rows] of the trial.
        baselines: tables like `predictions` by name of the baseline, the best first. The best is
            drawn with the model, the others in grey in the last panel, which lists all MAEs.
        unit: unit of the series.
        title: title of the figure.
        season: length of a season in steps.
    """
    model = first_step(predictions)
    if not np.isfinite(floats_of(model, "forecast")).any():
        return style.message_figure(title, "No forecast to draw: no forecast value is finite.")
    tables = {name.replace("_", " "): first_step(table) for name, table in baselines.items()}
    best_name, best = next(iter(tables.items()), ("", None))
    horizon = int(predictions["step"].max())
    ahead = "One step ahead" if horizon == 1 else f"Step 1 of {horizon}"

    figure, axes = style.new_figure(
        [["whole"], ["error"], ["zoom"]], 7.95, title=title, gap=0.5, bottom=0.9
    )
    whole, error, zoom = axes["whole"], axes["error"], axes["zoom"]
    _draw_forecasts(whole, model, best, best_name)
    style.label(whole, title=f"{ahead}, all scored steps", y=style.quantity("value", unit))
    style.legend(whole)

    _draw_errors(error, model, "model", color=style.MODEL, above=3)
    if best is not None:
        _draw_errors(error, best, best_name, color=style.BASELINE, above=2)
    error.axhline(0, color=style.INK, linewidth=0.8, zorder=4)
    style.label(error, title="Error: forecast − actual", y=style.quantity("error", unit))
    style.legend(error)
    error.sharex(whole)
    whole.tick_params(labelbottom=False)

    last = closing(model, season)
    start = last["timestamp"].min()
    for table in [*tables.values()][1:]:
        _draw_behind(zoom, table[table["timestamp"] >= start])
    _draw_forecasts(
        zoom, last, None if best is None else best[best["timestamp"] >= start], best_name
    )
    style.label(
        zoom,
        title=f"{ahead}, the last {len(last)} of {len(model)} steps",
        x="date of the target\n" + _ranking({"model": model, **tables}),
        y=style.quantity("value", unit),
    )
    for panel in (whole, error, zoom):
        style.date_axis(panel)
    for begin in model.groupby("fold")["timestamp"].min().to_numpy()[1:]:
        for panel in (whole, error):
            panel.axvline(begin, color=style.QUIET, linewidth=0.9, linestyle=":", zorder=1)
    return figure


def _mean(values: Floats) -> float:
    """Returns the mean of the values that are not NaN; NaN if there are none."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float("nan")


def _draw_forecasts(
    axes: Axes, model: pd.DataFrame, baseline: pd.DataFrame | None, name: str
) -> None:
    time, actual, predicted = lines.breaks(
        model["timestamp"].to_numpy(), floats_of(model, "actual"), floats_of(model, "forecast")
    )
    lines.line(axes, time, actual, color=style.ACTUAL, name="actual", width=2.6, above=2)
    lines.line(axes, time, predicted, color=style.MODEL, name="model", above=4)
    if baseline is not None:
        time, predicted = lines.breaks(
            baseline["timestamp"].to_numpy(), floats_of(baseline, "forecast")
        )
        label = f"baseline: {name}"
        lines.line(axes, time, predicted, color=style.BASELINE, name=label, width=1.1, above=3)


def _draw_behind(axes: Axes, frame: pd.DataFrame) -> None:
    time, predicted = lines.breaks(frame["timestamp"].to_numpy(), floats_of(frame, "forecast"))
    lines.line(axes, time, predicted, color=style.QUIET, width=0.7, alpha=0.45, above=1)


def _ranking(tables: Mapping[str, pd.DataFrame]) -> str:
    """Returns a text with the MAE of each table, best first."""
    sizes = {name: _mean(np.abs(errors_of(table))) for name, table in tables.items()}
    ranked = sorted(sizes, key=lambda name: sizes[name])
    text = "MAE: " + " · ".join(f"{name} {formatting.number(sizes[name])}" for name in ranked)
    if len(tables) > 2:
        text += ". Thin grey lines: the other baselines."
    return "\n".join(textwrap.wrap(text, 110, break_on_hyphens=False))


def _draw_errors(axes: Axes, frame: pd.DataFrame, name: str, *, color: str, above: int) -> None:
    errors = errors_of(frame)
    time, drawn = lines.breaks(frame["timestamp"].to_numpy(), errors)
    size = formatting.number(_mean(np.abs(errors)))
    lines.line(axes, time, drawn, color=color, name=f"{name}, MAE {size}", width=1.0, above=above)
