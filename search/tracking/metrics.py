"""A result as points of MLflow's metrics."""

from collections.abc import Mapping
from math import isfinite

from mlflow.entities import Metric

from search.trial.data import VALIDATION
from search.trial.result import Epoch, Result

_SCORE = "validation/mae"


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
    figures = result.metrics(baseline_mae)
    if last is not None and _SCORE in figures:
        score = figures.pop(_SCORE)
        if score != last.score:  # otherwise the curve's last point says it already
            found += finals({_SCORE: score}, last.epoch, at + 1)
    # At step 0, where MLflow's charts draw bars: at a later one they are curves of one point.
    return found + finals(figures, 0, at + 1)


def _figures(epoch: Epoch, block: str) -> dict[str, float]:
    figures = epoch.figures()
    if block != VALIDATION:  # a curve over the test block would invite to choose by it
        return {name: figures[name] for name in ("loss", "mae")}
    return figures


def finals(metrics: Mapping[str, float], step: int, at: int) -> list[Metric]:
    """Returns metric points; what is no number (MASE without a season) is left out."""
    return [Metric(key, value, at, step) for key, value in metrics.items() if isfinite(value)]
