"""Figure of the forecasts of the best trials of a study.

Letters: R rows of a table of predictions (as in `search.plots.trial.forecast`).
"""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from search.plots import formatting, lines, style
from search.plots.trial.predictions import closing, first_step, floats_of


def forecasts(
    ranked: Mapping[str, pd.DataFrame],
    *,
    baseline: pd.DataFrame,
    baseline_name: str,
    unit: str,
    title: str,
    season: int,
) -> Figure:
    """Draws the forecasts one step ahead of up to five trials, the best baseline and the actual.

    The lower panel shows the last season.

    Args:
        ranked: tables of predictions [R rows] by name of the trial, the best first.
        baseline: table of predictions of the best baseline.
        baseline_name: name of the best baseline.
        unit: unit of the series.
        title: title of the figure.
        season: length of a season in steps.
    """
    if not ranked:
        return style.message_figure(title, "No trial has a forecast to draw.")
    reference = first_step(baseline)
    tables = {name: first_step(table) for name, table in ranked.items()}
    horizon = int(baseline["step"].max())
    ahead = "One step ahead" if horizon == 1 else f"Step 1 of {horizon}"
    figure, axes = style.new_figure(
        [["whole"], ["zoom"]], 6.9, title=title, top=1.15, gap=0.5, bottom=0.55
    )
    last = closing(reference, season)
    start = last["timestamp"].min()
    for name, since in (("whole", reference["timestamp"].min()), ("zoom", start)):
        panel = axes[name]
        recent = reference[reference["timestamp"] >= since]
        _draw(panel, recent, "actual", "actual", style.ACTUAL, 1, 2.6)
        _draw(panel, recent, "forecast", f"baseline: {baseline_name}", style.BASELINE, 2)
        # The best one is drawn last, on top.
        for place, (trial, table) in reversed([*enumerate(tables.items())]):
            shown = table[table["timestamp"] >= since]
            width = 1.0 if place else 1.6
            _draw(panel, shown, "forecast", trial, style.RANKED[place], 8 - place, width)
        style.date_axis(panel)
    style.label(axes["whole"], title=f"{ahead}, all scored steps", y=style.quantity("value", unit))
    style.label(
        axes["zoom"],
        title=f"{ahead}, the last {len(last)} of {len(reference)} steps",
        x="date of the target",
        y=style.quantity("value", unit),
    )
    _legend(figure, axes["whole"])
    return figure


def _draw(
    panel: Axes,
    table: pd.DataFrame,
    column: str,
    name: str,
    color: str,
    above: int,
    width: float = 1.1,
) -> None:
    time, values = lines.breaks(table["timestamp"].to_numpy(), floats_of(table, column))
    lines.line(panel, time, values, color=color, name=name, width=width, above=above)


def _legend(figure: Figure, panel: Axes) -> None:
    """Adds a legend with the actual first, then the trials, best first, then the baseline."""
    handles, names = panel.get_legend_handles_labels()
    order = [0, *range(len(names) - 1, 0, -1)]
    figure.legend(
        [handles[i] for i in order],
        [style.plain(formatting.cut(names[i], 40)) for i in order],
        loc="upper left",
        bbox_to_anchor=(0.08 / style.WIDTH, 1 - 0.4 / figure.get_figheight()),
        **style.legend_look(4),
    )
