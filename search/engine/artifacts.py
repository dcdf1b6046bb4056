"""Creates the artifacts of a trial, usually in the worker that trained it.

Letters: N forecast origins, H horizon.
"""

import io
import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from omegaconf import OmegaConf

from datasets import Series
from datasets.split import Fold
from search.config.schema import Task
from search.engine.environment import describe_environment
from search.plots import style
from search.plots.trial.forecast import forecast
from search.plots.trial.learning_curve import learning_curve
from search.plots.trial.residuals import residuals
from search.trial.checkpoints import FILE
from search.trial.data import VALIDATION, folds_of, load_series, origins_of, targets, visible
from search.trial.result import FORECASTS, Execution, Result
from search.trial.trial import Plan

FIGURES = ("forecast.png", "learning_curve.png", "residuals.png")


def artifacts_of(plan: Plan, result: Result, *, figures: bool) -> dict[str, bytes]:
    """Returns the files of a trial by name: its configuration, predictions, figures and model."""
    places = {execution.place: execution for execution in result.executions}
    hashes = {
        "weights": {place: e.weights for place, e in places.items() if e.weights},
        "predictions": {
            place: sha256(e.forecast.tobytes()).hexdigest() for place, e in places.items()
        },
    }
    files = {
        "config.yaml": OmegaConf.to_yaml(OmegaConf.create(plan.config)).encode(),
        "environment.json": json.dumps(
            describe_environment() | hashes | {"compilation": result.compilation}, indent=2
        ).encode(),
    }
    if result.trace:
        files["traceback.txt"] = result.trace.encode()
    if result.checkpoint:
        files[FILE] = result.checkpoint
    if result.model:
        files["model.keras"] = result.model
    shown = result.shown
    if shown is None:
        return files
    drawn: dict[str, Callable[[], Figure]] = {"learning_curve.png": lambda: _curves(plan, result)}
    if shown.forecast.size and np.isfinite(shown.forecast).all():
        series = load_series(plan.config["dataset"])
        predictions = _predictions(plan, series, shown, shown.forecast)
        files["predictions.csv"] = predictions.to_csv(
            index=False, float_format="%.10g", date_format="%Y-%m-%dT%H:%M:%S"
        ).encode()
        drawn["forecast.png"] = lambda: _forecast(plan, series, shown, predictions)
        drawn["residuals.png"] = lambda: _residuals(plan, series, predictions)
        combined = plan.block == VALIDATION and plan.typed.study.ensemble != "none"
        if combined and result.state == "complete":
            files[FORECASTS] = packed_forecasts(result.averaged)
    if figures:
        files |= {name: style.to_png(draw()) for name, draw in drawn.items()}
    return files


def packed_forecasts(forecasts: Sequence[NDArray[np.float64]]) -> bytes:
    """Returns forecasts, one array per fold, as an .npz file."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {f"fold_{i}": forecast for i, forecast in enumerate(forecasts)}
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def predictions_table(
    series: Series,
    task: Task,
    fold: Fold,
    actual: NDArray[np.float64],
    forecast: NDArray[np.float64],
) -> pd.DataFrame:
    """Returns a table with a row per forecast: timestamp, actual, forecast, step, origin, fold.

    Args:
        series: series that was forecast.
        task: task of the configuration.
        fold: fold whose targets were forecast.
        actual: readings [N, H]; NaN where one is missing.
        forecast: forecasts [N, H] of these readings.
    """
    origins = origins_of(fold, task)
    steps = np.broadcast_to(np.arange(1, task.horizon + 1), forecast.shape)
    return pd.DataFrame(
        {
            "timestamp": series.timestamps[targets(origins, task.horizon)].ravel(),
            "actual": actual.ravel(),
            "forecast": forecast.ravel(),
            "step": steps.ravel(),
            "origin": np.repeat(series.timestamps[origins], task.horizon),
            "fold": fold.number,
        }
    )


def _predictions(
    plan: Plan, series: Series, shown: Execution, forecast: NDArray[np.float64]
) -> pd.DataFrame:
    task = plan.typed.task
    fold = folds_of(series, task, plan.block)[shown.fold]
    return predictions_table(series, task, fold, shown.actual, forecast)


def _title(plan: Plan, series: Series, what: str) -> str:
    return f"{what} · {series.name} · {plan.title}"


def _forecast(plan: Plan, series: Series, shown: Execution, predictions: pd.DataFrame) -> Figure:
    # A pruned trial may show an earlier fold, which these forecasts of baselines do not cover.
    baselines = {
        name: _predictions(plan, series, shown, values)
        for name, values in plan.baselines
        if values.shape == shown.forecast.shape
    }
    return forecast(
        predictions,
        baselines=baselines,
        unit=series.unit,
        title=_title(plan, series, f"Forecast of the {plan.block} block"),
        season=_season(plan, series),
    )


def _residuals(plan: Plan, series: Series, predictions: pd.DataFrame) -> Figure:
    return residuals(
        predictions,
        unit=series.unit,
        title=_title(plan, series, "Residuals"),
        season=_season(plan, series),
        frequency=series.frequency,
    )


def _season(plan: Plan, series: Series) -> int:
    return visible(series, plan.typed.task).season


def _curves(plan: Plan, result: Result) -> Figure:
    series = load_series(plan.config["dataset"])
    rows = [
        {
            "fold": execution.fold,
            "execution": execution.execution,
            "epoch": epoch.epoch,
            "loss": epoch.loss,
            "mae": epoch.mae,
            "val_loss": epoch.val_loss,
            "val_mae": epoch.val_mae,
            "validation_mae": epoch.score,
        }
        for execution in result.executions
        for epoch in execution.curve
    ]
    columns = ["fold", "execution", "epoch", "loss", "mae", "val_loss", "val_mae", "validation_mae"]
    return learning_curve(
        pd.DataFrame(rows, columns=columns),
        unit=series.unit,
        title=_title(plan, series, "Learning curves"),
        best_epoch=None,
    )
