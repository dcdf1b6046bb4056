"""Charts of the scores of a study: by trial, and against the size of the model.

Letters: K trials.
"""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from search.plots import style
from search.plots.study.scores import ceiling, complete_trials, no_trials, scores_of
from search.report.charts.style import (
    Chart,
    Trace,
    dots,
    layout,
    line,
    number,
    numbers,
    quantity,
    view,
    whole,
    words,
)
from search.results.findings import Findings

_NAME = "%{text}<extra></extra>"
_LOOKS = {
    "complete": {"color": style.MODEL, "opacity": 0.75},
    "pruned": {"color": style.QUIET, "symbol": "circle-open"},
    "failed": {"color": style.FAILED, "symbol": "x-thin-open"},
}


def labels(found: Findings) -> dict[int, str]:
    """Returns the hover text of each trial by number."""
    texts = {}
    for _, trial in found.trials.iterrows():
        score = f": {number(trial['score'], found.unit)}" if pd.notna(trial["score"]) else ""
        lines = [words(trial["name"]), trial["state"] + score, words(trial["reason"])]
        texts[int(trial["number"])] = "<br>".join(filter(None, lines))
    return texts


def history(found: Findings) -> Chart:
    """Returns a chart of the score of each trial, the best score so far, and the best baseline."""
    trials, unit, bar = found.trials, found.unit, found.baseline_mae
    done = complete_trials(trials)
    key, title = "history", "Score by trial"
    if not len(done):
        return Chart(key, title, no_trials(trials))
    scores = scores_of(done)
    low, top = float(scores.min()), ceiling(scores)
    if math.isfinite(bar):
        low = min(low, bar)
        top = max(top, bar) if bar <= top + 2 * (top - low) else top
    seen = view(low, top, above=0.14)
    edge = seen[1] - 0.03 * (seen[1] - seen[0])
    traces = [_of_state(trials, state, edge) for state in _LOOKS]
    traces.append(_best_so_far(done, int(trials["number"].max()), unit))
    if math.isfinite(bar):
        traces.append(baseline_line(found, [-0.5, int(trials["number"].max()) + 0.5]))
    above = int((scores_of(trials) > top).sum())
    note = f"Scores above the view: {above}; double-click to see them. " if above else ""
    if (trials["state"] == "failed").any():
        note += "Crosses at the top are failed trials, which have no score."
    return Chart(
        key,
        title,
        note,
        [trace for trace in traces if trace["x"]],
        layout(
            "trial",
            quantity("score", unit),
            xaxis=whole(len(trials)),
            yaxis={"range": seen},
        ),
    )


def _of_state(trials: pd.DataFrame, state: str, edge: float) -> Trace:
    """Returns the points of the trials of one state; those without a score are at `edge`."""
    chosen = trials[trials["state"] == state]
    score = scores_of(chosen)
    return dots(
        chosen["number"].tolist(),
        numbers(np.where(np.isfinite(score), score, edge)),
        f"{state} ({len(chosen)})",
        "",
        marker=_LOOKS[state],
        customdata=chosen["number"].tolist(),
        hovertemplate=_NAME,
    )


def _best_so_far(done: pd.DataFrame, last: int, unit: str) -> Trace:
    number_of, score = done["number"].to_numpy(), scores_of(done)
    best = int(score.argmin())
    return line(
        [*number_of.tolist(), last + 0.5],
        numbers([*np.minimum.accumulate(score), score.min()]),
        f"best so far: {number(score[best], unit)} (trial {number_of[best]})",
        style.BEST,
        2,
        line={"shape": "hv"},
        hoverinfo="skip",
    )


def baseline_label(found: Findings) -> str:
    """Returns the legend text of the best baseline, with its score."""
    return f"baseline {words(found.baseline_name)}: {number(found.baseline_mae, found.unit)}"


def baseline_line(found: Findings, ends: Sequence[float]) -> Trace:
    """Returns a line at the score of the best baseline between two `ends` of the x axis."""
    return line(
        ends,
        numbers([found.baseline_mae] * 2),
        baseline_label(found),
        style.BASELINE,
        line={"dash": "dash"},
        hovertemplate="%{fullData.name}<extra></extra>",
    )


def front(found: Findings) -> Chart:
    """Returns a chart of score and size of each complete trial, with the Pareto front."""
    key, title = "pareto", "Score and size"
    done = complete_trials(found.trials)
    done = done[done["parameters"].notna()]
    if not len(done):
        return Chart(key, title, no_trials(found.trials))
    on = done[done["front"]].sort_values("parameters", kind="stable")
    others = done[~done["front"]]

    def shown(table: pd.DataFrame) -> dict[str, list[float]]:
        return {"customdata": table["number"].tolist()}

    hover = "%{text}<br>%{x} weights<extra></extra>"
    traces = [
        dots(
            others["parameters"].tolist(),
            numbers(scores_of(others)),
            f"other trials ({len(others)})",
            style.MODEL,
            opacity=0.6,
            hovertemplate=hover,
            **shown(others),
        ),
        line(
            on["parameters"].tolist(),
            numbers(scores_of(on)),
            f"Pareto front ({len(on)})",
            style.BEST,
            2,
            line={"shape": "hv"},
            mode="lines+markers",
            marker={"size": 9},
            hovertemplate=hover,
            **shown(on),
        ),
    ]
    note = "A trial is on the front if no other trial beats it in both score and size."
    axes = layout(
        "weights of the model", quantity("score", found.unit), xaxis={"type": "log", "dtick": "D2"}
    )
    return Chart(key, title, note, traces, axes)
