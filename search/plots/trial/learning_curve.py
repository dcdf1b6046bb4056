"""Figure of the learning curves of a trial."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from search.plots import lines, style
from search.plots.style import Floats
from search.plots.trial.predictions import floats_of

_WIDE = 50.0  # a loss that falls by more than this factor is drawn on a log axis


def learning_curve(
    curves: pd.DataFrame, *, unit: str, title: str, best_epoch: int | None
) -> Figure:
    """Draws loss and validation MAE by epoch, with a line for each execution of each fold.

    Execution 0 of the last fold, whose metrics and model are logged, is drawn with a thicker line.
    Epochs whose loss is not finite are marked at the top edge.

    Args:
        curves: table with the columns fold, execution, epoch, loss, val_loss (scaled units) and
            validation_mae (unit of the series).
        unit: unit of the series.
        title: title of the figure.
        best_epoch: best epoch, numbered as in the column epoch; None draws no line for it.
    """
    if curves.empty:
        return style.message_figure(title, "No learning curve: no epoch was finished.")
    figure, axes = style.new_figure([["loss", "score"]], 3.5, title=title, top=0.88)
    curves = curves.sort_values(["fold", "execution", "epoch"], kind="stable")
    groups = [group for _, group in curves.groupby(["fold", "execution"], sort=True)]
    last_fold = curves[curves["fold"] == curves["fold"].max()]
    kept = (last_fold["fold"].iloc[0], last_fold["execution"].min())
    for group in groups:
        strong = (group["fold"].iloc[0], group["execution"].iloc[0]) == kept
        _draw_curves(axes["loss"], axes["score"], group, strong=strong)
    others = len(groups) - 1
    if others:
        (handle,) = axes["score"].plot([], [], color=style.QUIET, linewidth=0.8, alpha=0.7)
        handle.set_label(f"{others} other execution{'s' if others > 1 else ''}")
    values = curves[["loss", "val_loss", "validation_mae"]].to_numpy(dtype=np.float64)
    # In a val_ column NaN means "not measured", but infinity is a result.
    broken = ~np.isfinite(values[:, 0]) | np.isinf(values).any(axis=1)
    epoch = curves["epoch"].to_numpy(dtype=np.float64)
    for panel, shown in ((axes["loss"], values[:, :2]), (axes["score"], values[:, 2:])):
        _scale_curves(panel, epoch, shown)
        _mark_epochs(panel, best_epoch, np.unique(epoch[broken]), named=panel is axes["score"])
    style.label(axes["loss"], title="Loss", x="epoch", y="loss (scaled units)")
    style.label(axes["score"], title="Score", x="epoch", y=style.quantity("validation MAE", unit))
    style.shared_legend(figure, axes["loss"], axes["score"])
    return figure


def _draw_curves(loss: Axes, score: Axes, group: pd.DataFrame, *, strong: bool) -> None:
    epoch = group["epoch"].to_numpy(dtype=np.float64)
    drawing = {"width": 1.6 if strong else 0.8, "alpha": 1.0 if strong else 0.45}
    above = 4 if strong else 3
    for column, color in (("loss", style.SKY), ("val_loss", style.ORANGE)):
        name = column if strong else ""
        lines.line(
            loss, epoch, floats_of(group, column), color=color, name=name, above=above, **drawing
        )
    name = "validation MAE" if strong else ""
    values = floats_of(group, "validation_mae")
    lines.line(score, epoch, values, color=style.MODEL, name=name, above=above, **drawing)


def _scale_curves(axes: Axes, epoch: Floats, values: Floats) -> None:
    finite = values[np.isfinite(values)]
    if not len(finite):
        axes.set_yticks([])
    elif finite.min() > 0 and finite.max() > _WIDE * finite.min():
        style.log_axis(axes)
    axes.xaxis.set_major_locator(style.whole_numbers(8))
    axes.set_xlim(epoch.min() - 0.5, epoch.max() + 0.5)


def _mark_epochs(axes: Axes, best: int | None, broken: Floats, *, named: bool) -> None:
    if best is not None:
        drawn = axes.axvline(best, color=style.BEST, linestyle="--", linewidth=1.1, zorder=2)
        drawn.set_label(f"best epoch {best}" if named else "_nolegend_")
    if len(broken):
        axes.plot(
            broken,
            np.full(len(broken), 0.97),
            transform=axes.get_xaxis_transform(),
            linestyle="",
            marker="x",
            markersize=7,
            markeredgewidth=1.8,
            color=style.FAILED,
            label="not finite" if named else "_nolegend_",
            zorder=6,
        )
