"""Figure of the scores of a study by trial. Lower scores are better.

Letters: K trials.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from search.plots import formatting, style
from search.plots.study.scores import ceiling, complete_trials, no_trials, scores_of
from search.plots.style import Floats


def optimization_history(
    trials: pd.DataFrame, *, baseline: float, baseline_name: str, unit: str, title: str
) -> Figure:
    """Draws the score of each trial, the best score so far, and the score of the best baseline.

    Failed trials and pruned trials without a score are marked at the top edge. So are scores far
    above the others (beyond `ceiling`), so that an outlier does not flatten the figure.

    Args:
        trials: table [K rows] with the columns number (from 0), state (complete, pruned, failed)
            and score (NaN if there is none).
        baseline: score of the best baseline; NaN draws none.
        baseline_name: name of the best baseline.
        unit: unit of the series.
        title: title of the figure.
    """
    if not len(complete_trials(trials)):
        return style.message_figure(title, no_trials(trials))
    figure, axes = style.new_figure([["history"]], 4.0, title=title, top=1.0)
    panel = axes["history"]
    trials = trials.sort_values("number", kind="stable")
    number = trials["number"].to_numpy(dtype=np.float64)
    score = scores_of(trials)
    done = (trials["state"] == "complete").to_numpy(dtype=bool) & np.isfinite(score)
    low, top = float(score[done].min()), ceiling(score[done])
    if math.isfinite(baseline):
        low = min(low, baseline)
        if baseline <= max(top + 2 * (top - low), 1.5 * top):
            top = max(top, baseline)

    low = min(low, _draw_trials(panel, trials, done, top))
    _draw_best(panel, number, np.where(done, score, np.inf), top, unit)
    if math.isfinite(baseline):
        text = f"{formatting.cut(baseline_name, 28)}: {formatting.number(baseline, unit)}"
        look: dict[str, Any] = {"color": style.BASELINE, "linewidth": 1.4, "linestyle": "--"}
        if baseline <= top:
            panel.axhline(baseline, label=f"baseline {text}", zorder=1.5, **look)
        else:
            panel.plot([], [], label=f"baseline {text}, above", **look)

    room = (top - low) or abs(top) * 0.1 or 1.0
    panel.set_ylim(low - 0.06 * room, top + 0.12 * room)
    side = 0.5 + 0.01 * len(number)
    panel.set_xlim(number[0] - side, number[-1] + side)
    panel.xaxis.set_major_locator(style.whole_numbers(10))
    style.label(panel, x="trial", y=style.quantity("score", unit))
    style.legend(panel, columns=3)
    return figure


def _draw_trials(
    panel: Axes, trials: pd.DataFrame, done: npt.NDArray[np.bool_], top: float
) -> float:
    """Draws a mark for each trial and returns the lowest score that is drawn to scale."""
    number = trials["number"].to_numpy(dtype=np.float64)
    score = scores_of(trials)
    pruned, failed = ((trials["state"] == s).to_numpy(dtype=bool) for s in ("pruned", "failed"))
    in_place = np.isfinite(score) & (score <= top)
    size = 6.0 if len(trials) <= 60 else 4.0 if len(trials) <= 250 else 3.0
    complete = {"color": style.MODEL, "alpha": 0.75, "markeredgewidth": 0}
    hollow = {"color": style.QUIET, "markerfacecolor": "none"}
    cross = {"color": style.FAILED, "markeredgewidth": 1.4}
    named_below = (pruned & in_place).any()
    for mask, marker, name, count, look in (
        (done & in_place, "o", "complete", done, complete),
        (pruned & in_place, "o", "pruned", pruned, hollow),
        (pruned & ~in_place, "^", "" if named_below else "pruned, above", pruned, hollow),
        (done & ~in_place, "^", f"above {formatting.number(top)}", done & ~in_place, complete),
        (failed, "x", "failed, no score", failed, cross),
    ):
        if not mask.any():
            continue
        (marks,) = panel.plot(
            number[mask], score[mask], linestyle="", marker=marker, markersize=size, zorder=3
        )
        marks.set(label=f"{name} ({count.sum()})" if name else "_nolegend_", **look)
        if failed[mask].any() or not in_place[mask].any():
            marks.set_ydata(np.full(mask.sum(), 0.975))
            marks.set_transform(panel.get_xaxis_transform())
    return float(score[in_place & (done | pruned)].min())


def _draw_best(panel: Axes, number: Floats, score: Floats, top: float, unit: str) -> None:
    """Draws the best score so far as steps; `score` is infinite for trials without a score."""
    best = int(score.argmin())
    so_far = np.minimum.accumulate(score)
    so_far[so_far > top] = np.nan
    panel.step(
        np.append(number, number[-1] + 0.5),  # extends the step of the last trial
        np.append(so_far, so_far[-1]),
        where="post",
        color=style.BEST,
        linewidth=1.6,
        zorder=3.5,
        label=f"best so far: {formatting.number(score[best], unit)} (trial {number[best]:.0f})",
    )
