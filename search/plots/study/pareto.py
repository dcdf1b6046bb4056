"""Figure of a study with several objectives: the score against the size of the model."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from search.plots import style
from search.plots.study.scores import complete_trials, no_trials, scores_of


def pareto(trials: pd.DataFrame, *, unit: str, title: str) -> Figure:
    """Draws score and number of weights of each complete trial, and the Pareto front.

    `trials` has the columns number, state, score, parameters (number of weights) and front (bool).
    """
    done = complete_trials(trials)
    if not len(done):
        return style.message_figure(title, no_trials(trials))
    figure, axes = style.new_figure([["all"]], 4.2, title=title, bottom=0.55)
    panel = axes["all"]
    size, score = done["parameters"].to_numpy(dtype=np.float64), scores_of(done)
    front = done["front"].to_numpy(dtype=bool)
    panel.set_xscale("log")
    panel.plot(
        *(size[~front], score[~front], "o"),
        color=style.MODEL,
        alpha=0.6,
        markersize=5,
        label=f"other trials ({(~front).sum()})",
    )
    order = np.argsort(size[front], kind="stable")
    panel.step(
        *(size[front][order], score[front][order]),
        where="post",
        color=style.BEST,
        marker="o",
        markersize=6,
        label=f"Pareto front ({front.sum()})",
    )
    style.label(panel, x="weights of the model", y=style.quantity("score", unit))
    style.legend(panel)
    return figure
