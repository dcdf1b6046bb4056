"""Chart of the score of each trial by epoch."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from search.plots import style
from search.plots.study.scores import ceiling
from search.report.charts.scores import baseline_line
from search.report.charts.style import Chart, Trace, layout, line, numbers, quantity, view, whole
from search.results.findings import Findings
from search.results.trial_outputs import TrialOutputs

_POINTS = 20_000  # maximum number of points of all curves together
_THIN = {"opacity": 0.5, "width": 0.6}


def curves(found: Findings, outputs: TrialOutputs) -> Chart:
    """Returns a chart of the score of each trial by epoch."""
    key, title = "curves", "Score by epoch"
    drawn = {trial: curve for trial, curve in outputs.curves.items() if curve}
    if not drawn:
        return Chart(key, title, "No trial finished an epoch.")
    states = dict(zip(found.trials["number"], found.trials["state"], strict=True))
    run_id = found.best.run_id if found.best else ""
    best = next((run.number for run in found.runs if run.run_id == run_id), None)
    most = max(_POINTS // len(drawn), 10)
    looks = {"complete": style.MODEL, "pruned": style.QUIET, "failed": style.FAILED}
    traces = []
    for state, color in looks.items():
        chosen = {t: c for t, c in drawn.items() if states[t] == state and t != best}
        if chosen:
            name = f"{state} ({len(chosen)})"
            look = {"opacity": 0.7, "width": 1.5} if len(drawn) <= 60 else _THIN
            traces.append(_lines(chosen, most, name, color, **look))
    if best in drawn:
        chosen = {best: drawn[best]}
        traces.append(_lines(chosen, most, f"best: trial {best}", style.BEST, width=2.5))
    every = np.array([value for curve in drawn.values() for value in curve.values()])
    every = every[np.isfinite(every)]
    ends = [min(min(curve) for curve in drawn.values()), max(max(c) for c in drawn.values())]
    low, top = (float(every.min()), ceiling(every)) if len(every) else (0.0, 1.0)
    if math.isfinite(found.baseline_mae):
        traces.append(baseline_line(found, [float(end) for end in ends]))
        low = min(low, found.baseline_mae)
    task, study = found.prepared.config.task, found.prepared.config.study
    note = "Double-click to see the full range. "
    if task.folds * study.executions > 1:
        note += "Each curve is the first execution of the trial on the last fold."
    return Chart(
        key,
        title,
        note,
        traces,
        layout(
            "epoch",
            quantity("validation MAE", found.unit),
            xaxis=whole(ends[1] - ends[0]),
            yaxis={"range": view(low, top)},
        ),
    )


def _lines(
    chosen: Mapping[int, Mapping[int, float]], most: int, name: str, color: str, **more: Any
) -> Trace:
    """Returns curves as one trace with gaps between them, each thinned to at most `most` epochs."""
    x: list[int | None] = []
    y: list[float | None] = []
    trials: list[int | None] = []
    for trial, curve in chosen.items():
        epochs = np.array(sorted(curve))
        kept = np.unique(np.linspace(0, len(epochs) - 1, most).astype(int))
        x += [*epochs[kept].tolist(), None]
        y += [*numbers(curve[epoch] for epoch in epochs[kept].tolist()), None]
        trials += [trial] * (len(kept) + 1)
    longest = max(len(curve) for curve in chosen.values())
    return line(
        *(x, y, name, color),
        mode="lines+markers" if longest == 1 else "lines",
        customdata=trials,
        hovertemplate="%{text}<br>epoch %{x}: %{y:.4g}<extra></extra>",
        **more,
    )
