"""Charts of the forecasts of the best trials and the best baseline, and of their errors.

Letters: R rows of a table of predictions (as in `search.plots.trial.forecast`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from search.plots import style
from search.plots.style import Floats
from search.plots.trial.predictions import closing, errors_of, first_step, floats_of
from search.plots.trial.residuals import season_positions, span_means
from search.report.charts.scores import baseline_label
from search.report.charts.style import (
    Chart,
    Trace,
    layout,
    line,
    moments,
    number,
    numbers,
    quantity,
    whole,
    words,
)
from search.results.findings import Findings
from search.results.trial_outputs import TrialOutputs
from search.tracking.reading import Record

_LONGEST = 3000  # maximum number of targets of a line; only the last ones are drawn
_HOVER = "%{fullData.name}<br>%{x}: %{y:.4g}<extra></extra>"
_LEGEND_HINT = "Click a name in the legend to hide or show its line."


@dataclass(frozen=True, eq=False)
class _Source:
    """A trial or the baseline, and how its line is drawn.

    Attributes:
        table: its predictions [R].
        run: its run in the store.
        look: style of its line.
    """

    table: pd.DataFrame
    run: Record
    look: dict[str, Any]

    def drawn(self, x: Sequence[Any], y: Floats, **more: Any) -> Trace:
        """Returns its line through x and y."""
        return line(x, numbers(y), **{**self.look, **more})


def forecast_charts(found: Findings, outputs: TrialOutputs) -> list[Chart]:
    """Returns charts of the forecasts and their errors: over time, by season, spread, by step."""
    runs = {run.run_id: run for run in found.runs}
    sources = [
        _Source(
            shown.table,
            runs[shown.run_id],
            {
                "name": words(shown.name),
                "color": color,
                "width": 1.3 if place else 2.2,
                "legendrank": place + 2,
            },
        )
        for place, (shown, color) in enumerate(zip(outputs.forecasts, style.RANKED, strict=False))
    ]
    if found.baseline:
        name = baseline_label(found)
        look = {"name": name, "color": style.BASELINE, "line": {"dash": "dot"}, "legendrank": 9}
        sources.append(_Source(outputs.baseline, runs[found.baseline.run_id], look))
    sources.reverse()  # the best is drawn last, on top
    charts = [
        _forecasts(found, outputs, sources),
        _over_time(found, sources),
        _by_season(found, outputs, sources),
        _spread(found, sources),
    ]
    return [*charts, _by_step(found, sources)] if found.prepared.config.task.horizon > 1 else charts


def _forecasts(found: Findings, outputs: TrialOutputs, sources: Sequence[_Source]) -> Chart:
    baseline = first_step(outputs.baseline)
    last = baseline.iloc[-_LONGEST:]
    season = moments(closing(last, outputs.season)["timestamp"])
    actual = numbers(floats_of(last, "actual"))
    traces = [line(moments(last["timestamp"]), actual, "actual", style.ACTUAL, 3, legendrank=1)]
    for source in sources:
        table = first_step(source.table).iloc[-_LONGEST:]
        traces.append(source.drawn(moments(table["timestamp"]), floats_of(table, "forecast")))
    slider = {"visible": True, "thickness": 0.12}
    view = {"type": "date", "range": [season[0], season[-1]], "rangeslider": slider}
    horizon = found.prepared.config.task.horizon
    ahead = "One step ahead" if horizon == 1 else f"Step 1 of {horizon}"
    kept = f"{len(last)}"
    if len(last) < len(baseline):
        kept = f"the last {len(last)} of {len(baseline)}"
    note = f"{ahead}, {kept} scored targets. The slider moves and resizes the view. {_LEGEND_HINT}"
    axes = layout("", quantity("value", found.unit), xaxis=view, hovermode="x unified")
    return Chart("forecasts", "Forecasts of the best trials", note, traces, axes, height=500)


def _over_time(found: Findings, sources: Sequence[_Source]) -> Chart:
    traces = []
    for source in sources:
        table = first_step(source.table).iloc[-_LONGEST:]
        more = _visibility(source)
        traces.append(source.drawn(moments(table["timestamp"]), errors_of(table), **more))
    axes = layout(
        "",
        quantity("error", found.unit),
        xaxis={"type": "date"},
        yaxis={"zeroline": True, "zerolinecolor": style.INK},
        hovermode="x unified",
    )
    return Chart("errors", "Errors over time", f"Forecast − actual. {_LEGEND_HINT}", traces, axes)


def _by_season(found: Findings, outputs: TrialOutputs, sources: Sequence[_Source]) -> Chart:
    frequency = found.prepared.series.frequency
    traces, name = [], ""
    ticks: Mapping[int, str] = {}
    for source in sources:
        table = first_step(source.table)
        places, name, ticks = season_positions(
            table["timestamp"], season=outputs.season, frequency=frequency
        )
        x, y = span_means(places, np.abs(errors_of(table)))
        more = _visibility(source) | {"mode": "lines+markers", "hovertemplate": _HOVER}
        traces.append(source.drawn(numbers(x), y, **more))
    marks = {"tickvals": [*ticks], "ticktext": [*ticks.values()]} if ticks else {}
    axes = layout(
        name,
        quantity("mean absolute error", found.unit),
        xaxis=marks,
        yaxis={"rangemode": "tozero"},
    )
    return Chart("season", f"Errors by {name}", _LEGEND_HINT, traces, axes)


def _spread(found: Findings, sources: Sequence[_Source]) -> Chart:
    """Returns a histogram of the errors of the best trial and the baseline over all steps ahead."""
    shown = [source for source in sources if not _visibility(source)]
    found_errors = [errors_of(source.table) for source in shown]
    found_errors = [errors[np.isfinite(errors)] for errors in found_errors]
    every = np.concatenate(found_errors)
    if not len(every):
        return Chart("spread", "Distribution of the errors", "There are no errors to show.")
    bins = int(np.clip(np.sqrt(len(found_errors[0])), 5, 40))
    edges = np.histogram_bin_edges(every, bins)
    middles = numbers((edges[:-1] + edges[1:]) / 2)
    traces = []
    for source, errors in zip(shown, found_errors, strict=True):
        counts = np.histogram(errors, edges)[0]
        name = source.look["name"]
        if len(errors):
            name += f" (mean {number(errors.mean())}, std {number(errors.std())})"
        more = {"line": {"shape": "hvh"}, "fill": "tozeroy", "hovertemplate": _HOVER}
        traces.append(source.drawn(middles, counts.astype(np.float64), name=name, **more))
    axes = layout(quantity("error", found.unit), "targets")
    return Chart("spread", "Distribution of the errors", "Forecast − actual.", traces, axes)


def _by_step(found: Findings, sources: Sequence[_Source]) -> Chart:
    steps = range(1, found.prepared.config.task.horizon + 1)
    traces = [
        source.drawn(
            [*steps],
            np.array(
                [source.run.metrics.get(f"validation/step_{h}/mae", float("nan")) for h in steps]
            ),
            mode="lines+markers",
            hovertemplate=_HOVER,
        )
        for source in sources
    ]
    axes = layout(
        "steps ahead",
        quantity("MAE", found.unit),
        xaxis=whole(len(steps)),
    )
    return Chart("steps", "MAE by step ahead", "Means over folds and executions.", traces, axes)


def _visibility(source: _Source) -> dict[str, str]:
    """Returns options that hide lines until clicked, except the best trial and the baseline."""
    return {} if source.look["legendrank"] in (2, 9) else {"visible": "legendonly"}
