"""A result as points of MLflow's metrics."""

from collections.abc import Mapping
from math import isfinite

from mlflow.entities import Metric

from search.data import VALIDATION
from search.result import Epoch, Result


def points(result: Result, baseline_mae: float, at: int) -> list[Metric]:
    """Returns every metric of a trial: curves by epoch, then the final figures."""
    shown = result.shown
    found: list[Metric] = []
    for execution in result.executions:
        prefix = "" if execution is shown else f"{execution.place}/"
        for epoch in execution.curve:
            found += [
                Metric(f"{prefix}{name}", value, at, epoch.epoch)
                for name, value in _figures(epoch, result.block).items()
            ]
    last = shown.curve[-1] if shown is not None and shown.curve else None
    last_figures = result.metrics(baseline_mae)
    if last is not None and last_figures.get("validation/mae") == last.score:
        del last_figures["validation/mae"]  # the curve's last point says it already
    return found + finals(last_figures, last.epoch if last else 0, at + 1)


def _figures(epoch: Epoch, block: str) -> dict[str, float]:
    figures = epoch.figures()
    if block != VALIDATION:  # a curve over the test block would invite to choose by it
        return {name: figures[name] for name in ("loss", "mae")}
    return figures


def finals(metrics: Mapping[str, float], step: int, at: int) -> list[Metric]:
    """Returns metric points; what is no number (MASE without a season) is left out."""
    return [Metric(key, value, at, step) for key, value in metrics.items() if isfinite(value)]
