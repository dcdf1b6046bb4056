"""Converts the scores of runs into points of MLflow metrics."""

from collections.abc import Mapping
from math import isfinite, nan

from mlflow.entities import Metric

from search.tracking import names
from search.tracking.reading import Record
from search.trial.data import VALIDATION
from search.trial.result import Epoch, Result
from search.trial.scores import skill

_SCORE = "validation/mae"
# Skills that differ by less are relative to the same baseline.
_SAME_SKILL = 1e-9


def points(result: Result, baseline_mae: float, at: int) -> list[Metric]:
    """Returns all metric points of a trial: curves by epoch, then the final values."""
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
        if score != last.score:  # otherwise the curve's last point already shows it
            found += finals({_SCORE: score}, last.epoch, at + 1)
    # At step 0, MLflow draws a bar. At a later step it would draw a curve of a single point.
    return found + finals(figures, 0, at + 1)


def _figures(epoch: Epoch, block: str) -> dict[str, float]:
    figures = epoch.figures()
    if block != VALIDATION:  # a curve on the test block would invite choosing by it
        return {name: figures[name] for name in ("loss", "mae")}
    return figures


def finals(metrics: Mapping[str, float], step: int, at: int) -> list[Metric]:
    """Returns metric points without values that are not finite (MASE without a season)."""
    return [Metric(key, value, at, step) for key, value in metrics.items() if isfinite(value)]


def changed_skill(run: Record, baseline_mae: float, ends: Mapping[str, float]) -> dict[str, float]:
    """Returns the new skill of a run and its bounds; nothing if the best baseline is the same.

    A stored interval is paired with the errors of the baseline of its time. Beside the new skill it
    would be wrong, and MLflow deletes no metric, so an unknown bound is withdrawn as NaN.

    Args:
        run: the run.
        baseline_mae: MAE of the best baseline.
        ends: new bounds of the skill; empty if they are unknown.
    """
    known = run.metrics.get(names.SKILL)
    if known is None or run.mae is None:
        return {}
    now = skill(run.mae, baseline_mae)
    if abs(now - known) < _SAME_SKILL:
        return {}
    withdrawn = dict.fromkeys(run.metrics.keys() & names.INTERVAL, nan)
    return {names.SKILL: now, **withdrawn, **ends}
