"""Pictures of one trial: its forecast, its learning curve, its errors.

Letters: H steps ahead, R rows of a table of predictions. Such a table has the columns timestamp
(datetime64, of the target), actual (NaN = missing reading), forecast, step (1..H), origin
(datetime64) and fold (0..); its numbers are in the series' units.
"""

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from search import wording
from search.plots import lines, style
from search.plots.style import Floats

_ZOOM = (24, 400)  # fewest and most steps of the close view
_BINS = 24  # spans over which errors are averaged
_WIDE = 50.0  # a loss that falls by more than this factor is drawn on a log axis


def forecast(
    predictions: pd.DataFrame,
    *,
    baselines: Mapping[str, pd.DataFrame],
    unit: str,
    title: str,
    season: int,
) -> Figure:
    """The forecast one step ahead over the actual, its error over time, and its last season.

    `baselines` are tables like `predictions` [R rows], the best one first: it is drawn beside the
    model, the others lie behind both in the last panel, and the MAE of all stands below. `season`
    counts steps. With H > 1 all three panels show step 1.
    """
    model = first_step(predictions)
    if not np.isfinite(floats_of(model, "forecast")).any():
        return style.message_figure(title, "No forecast to draw: the trial left no finite one.")
    beside = {name.replace("_", " "): first_step(table) for name, table in baselines.items()}
    rival_name, rival = next(iter(beside.items()), ("", None))
    horizon = int(predictions["step"].max())
    ahead = "One step ahead" if horizon == 1 else f"Step 1 of {horizon}"

    figure, axes = style.new_figure(
        [["whole"], ["error"], ["zoom"]], 7.95, title=title, gap=0.5, bottom=0.9
    )
    whole, error, zoom = axes["whole"], axes["error"], axes["zoom"]
    _draw_forecasts(whole, model, rival, rival_name)
    style.label(whole, title=f"{ahead}, all scored steps", y=style.quantity("value", unit))
    style.legend(whole)

    _draw_errors(error, model, "model", color=style.MODEL, above=3)
    if rival is not None:
        _draw_errors(error, rival, rival_name, color=style.BASELINE, above=2)
    error.axhline(0, color=style.INK, linewidth=0.8, zorder=4)
    style.label(error, title="Error: forecast − actual", y=style.quantity("error", unit))
    style.legend(error)
    error.sharex(whole)
    whole.tick_params(labelbottom=False)

    last = closing(model, season)
    start = last["timestamp"].min()
    for table in [*beside.values()][1:]:
        _draw_behind(zoom, table[table["timestamp"] >= start])
    _draw_forecasts(
        zoom, last, None if rival is None else rival[rival["timestamp"] >= start], rival_name
    )
    style.label(
        zoom,
        title=f"{ahead}, the last {len(last)} of {len(model)} steps",
        x="date of the target\n" + _ranking({"model": model, **beside}),
        y=style.quantity("value", unit),
    )
    for panel in (whole, error, zoom):
        style.date_axis(panel)
    for begin in model.groupby("fold")["timestamp"].min().to_numpy()[1:]:
        for panel in (whole, error):
            panel.axvline(begin, color=style.QUIET, linewidth=0.9, linestyle=":", zorder=1)
    return figure


def first_step(predictions: pd.DataFrame) -> pd.DataFrame:
    """The rows of step 1, in the order of time."""
    first = predictions[predictions["step"] == 1]
    return first.sort_values(["fold", "timestamp"], kind="stable", ignore_index=True)


def closing(frame: pd.DataFrame, season: int) -> pd.DataFrame:
    """The last season of the last fold; the last third of a fold that is hardly longer than one."""
    fold: pd.DataFrame = frame[frame["fold"] == frame["fold"].max()]
    points = min(max(season, _ZOOM[0]), _ZOOM[1])
    if points > 0.7 * len(fold):
        points = max(len(fold) // 3, _ZOOM[0])
    return fold.iloc[-points:]


def floats_of(frame: pd.DataFrame, name: str) -> Floats:
    """A column as floats [R]."""
    return frame[name].to_numpy(dtype=np.float64)


def errors_of(frame: pd.DataFrame) -> Floats:
    """Forecast − actual [R], NaN where either is not finite."""
    with np.errstate(invalid="ignore"):
        errors = floats_of(frame, "forecast") - floats_of(frame, "actual")
    return np.where(np.isfinite(errors), errors, np.nan)


def _mean(values: Floats) -> float:
    """The mean of what is not NaN; NaN where nothing is."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float("nan")


def _draw_forecasts(
    axes: Axes, model: pd.DataFrame, rival: pd.DataFrame | None, rival_name: str
) -> None:
    time, actual, predicted = lines.breaks(
        model["timestamp"].to_numpy(), floats_of(model, "actual"), floats_of(model, "forecast")
    )
    lines.line(axes, time, actual, color=style.ACTUAL, name="actual", width=2.6, above=2)
    lines.line(axes, time, predicted, color=style.MODEL, name="model", above=4)
    if rival is not None:
        time, predicted = lines.breaks(rival["timestamp"].to_numpy(), floats_of(rival, "forecast"))
        name = f"baseline: {rival_name}"
        lines.line(axes, time, predicted, color=style.BASELINE, name=name, width=1.1, above=3)


def _draw_behind(axes: Axes, frame: pd.DataFrame) -> None:
    time, predicted = lines.breaks(frame["timestamp"].to_numpy(), floats_of(frame, "forecast"))
    lines.line(axes, time, predicted, color=style.QUIET, width=0.7, alpha=0.45, above=1)


def _ranking(tables: Mapping[str, pd.DataFrame]) -> str:
    """The MAE of each table, best first."""
    sizes = {name: _mean(np.abs(errors_of(table))) for name, table in tables.items()}
    ranked = sorted(sizes, key=lambda name: sizes[name])
    text = "MAE: " + " · ".join(f"{name} {wording.number(sizes[name])}" for name in ranked)
    if len(tables) > 2:
        text += ". Thin grey lines: the other baselines."
    return "\n".join(textwrap.wrap(text, 110, break_on_hyphens=False))


def _draw_errors(axes: Axes, frame: pd.DataFrame, name: str, *, color: str, above: int) -> None:
    errors = errors_of(frame)
    time, drawn = lines.breaks(frame["timestamp"].to_numpy(), errors)
    size = wording.number(_mean(np.abs(errors)))
    lines.line(axes, time, drawn, color=color, name=f"{name}, MAE {size}", width=1.0, above=above)


def learning_curve(
    curves: pd.DataFrame, *, unit: str, title: str, best_epoch: int | None
) -> Figure:
    """Loss and validation MAE by epoch, a line for each execution of each fold.

    `curves` has the columns fold, execution, epoch, loss, val_loss (scaled units) and
    validation_mae (the series' units). Execution 0 of the last fold, whose numbers and model
    are kept, is drawn strong; `best_epoch` counts as the column epoch does. An epoch whose
    loss is not finite is marked at the top edge, never drawn as a value.
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
    # NaN in a val_ column means "not measured"; infinity never does.
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
