"""The result of a trial: its executions, scores and artifacts.

Letters: N forecast origins, H horizon. This module does not import Keras, because the coordinator,
which receives the results, does without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from search.trial.data import ALL, VALIDATION
from search.trial.scores import scores, skill

Array = NDArray[np.float64]
FORECASTS = "forecasts.npz"  # the forecasts of each fold, averaged over the executions


@dataclass(frozen=True)
class Epoch:
    """The metrics of one epoch: losses in scaled units, `score` in the series' units.

    The validation metrics are NaN if no target is scored.
    """

    epoch: int
    loss: float
    mae: float
    val_loss: float
    val_mae: float
    score: float

    def figures(self) -> dict[str, float]:
        """Returns all metrics by their MLflow names."""
        return {
            "loss": self.loss,
            "mae": self.mae,
            "val_loss": self.val_loss,
            "val_mae": self.val_mae,
            "validation/mae": self.score,
        }


@dataclass(frozen=True, eq=False)
class Execution:
    """One seeded training on one fold.

    Attributes:
        fold: number of the fold.
        execution: number of the execution.
        curve: metrics of each epoch.
        actual: readings [N, H]; NaN where one is missing.
        forecast: forecasts [N, H] after the last epoch.
        recent: forecasts after recent epochs, by position in `curve`; only if the trial may be
            pruned.
        mase_scale: in-sample MAE of the seasonal naive forecast of the training part.
        weights: SHA-256 of the model's weights after the last epoch; empty if they were not kept.
    """

    fold: int
    execution: int
    curve: tuple[Epoch, ...]
    actual: Array
    forecast: Array
    recent: dict[int, Array]
    mase_scale: float
    weights: str = ""

    @property
    def place(self) -> str:
        """The name of the execution within its trial, as used in the store."""
        return f"fold_{self.fold}/execution_{self.execution}"


@dataclass(frozen=True, eq=False)
class Result:
    """The result of a trial.

    Attributes:
        number: number of the trial.
        state: complete, pruned or failed.
        reason: why the trial failed or was pruned.
        trace: traceback of a failed trial.
        executions: executions in the order in which they were trained.
        model: model of execution 0 of the last fold, as the bytes of a .keras file.
        checkpoint: final state of all executions (`checkpoints.pack`), if a later trial may resume.
        duration: duration in seconds.
        artifacts: content of each artifact by file name.
        block: block whose targets were scored: `validation`, `test`, or `all` for none.
        parameters: number of weights of the model; 0 if none was built.
        compilation: how the training was compiled (`search.trial.compilation`).
    """

    number: int
    state: str
    reason: str = ""
    trace: str = ""
    executions: tuple[Execution, ...] = ()
    model: bytes = b""
    checkpoint: bytes = b""
    duration: float = 0.0
    artifacts: dict[str, bytes] = field(default_factory=dict)
    block: str = VALIDATION
    parameters: int = 0
    compilation: str = ""

    @property
    def epochs(self) -> int:
        """The number of epochs trained, over all folds and executions."""
        return sum(len(execution.curve) for execution in self.executions)

    @property
    def shown(self) -> Execution | None:
        """The execution that figures show: execution 0 of the last fold that was trained."""
        first = [execution for execution in self.executions if execution.execution == 0]
        return first[-1] if first else None

    @property
    def averaged(self) -> tuple[Array, ...]:
        """The forecasts [N, H] of each fold, averaged over its executions."""
        folds = sorted({execution.fold for execution in self.executions})
        by_fold = [[e.forecast for e in self.executions if e.fold == fold] for fold in folds]
        return tuple(np.mean(forecasts, axis=0) for forecasts in by_fold)

    def metrics(self, baseline_mae: float) -> dict[str, float]:
        """Returns means over folds and executions, in the series' units, by their MLflow names.

        With several folds, adds the MAE of each one: fold_0/mae, fold_1/mae, … A failed trial has
        no scores, nor has one that trained on the whole series.
        """
        found = {"epochs": float(self.epochs), "duration_s": self.duration}
        if self.parameters:
            found["parameters"] = float(self.parameters)
        if self.state == "failed" or self.block == ALL or not self.executions:
            return found
        each = [scores(e.actual, e.forecast, e.mase_scale) for e in self.executions]
        means = {name: float(np.mean([one[name] for one in each])) for name in each[0]}
        means["skill"] = skill(means["mae"], baseline_mae)
        means["mae_std"] = float(np.std([one["mae"] for one in each]))
        folds = [execution.fold for execution in self.executions]
        if len({*folds}) > 1:
            for fold in {*folds}:
                maes = [one["mae"] for one, of in zip(each, folds, strict=True) if of == fold]
                means[f"fold_{fold}/mae"] = float(np.mean(maes))
        return found | {f"{self.block}/{name}": value for name, value in means.items()}

    def averaged_mae(self) -> float:
        """Returns the MAE of the mean of the executions' forecasts, averaged over the folds."""
        actual = {execution.fold: execution.actual for execution in self.executions}
        pairs = zip(self.averaged, (actual[fold] for fold in sorted(actual)), strict=True)
        return float(np.mean([np.nanmean(np.abs(mean - readings)) for mean, readings in pairs]))

    def without(self, *names: str) -> "Result":
        """Returns the result without these artifacts."""
        files = {name: file for name, file in self.artifacts.items() if name not in names}
        return replace(self, artifacts=files)

    def pruned_at(self, step: int, *, model: bytes) -> "Result":
        """Returns the result as it was after epoch `step`, without the epochs trained since.

        Args:
            step: index of the epoch over all folds and executions, from 0.
            model: model after that epoch; empty if it was not kept.
        """
        kept: list[Execution] = []
        for execution in self.executions:
            left = step + 1 - sum(len(earlier.curve) for earlier in kept)
            if left <= 0:
                break
            forecast = execution.forecast
            if left < len(execution.curve):
                forecast = execution.recent.get(left - 1, np.full_like(forecast, np.nan))
            weights = execution.weights if model or left >= len(execution.curve) else ""
            curve = execution.curve[:left]
            kept.append(replace(execution, curve=curve, forecast=forecast, weights=weights))
        reason = f"after epoch {step + 1}"
        return replace(
            self, state="pruned", reason=reason, executions=tuple(kept), model=model, artifacts={}
        )


def merged(parts: Sequence[Result]) -> Result:
    """Returns the result of a plan whose executions were trained separately.

    If a part failed, the first failed part is the result.
    """
    failed = next((part for part in parts if part.state == "failed"), None)
    if failed is not None:
        return failed
    executions = sorted(
        (execution for part in parts for execution in part.executions),
        key=lambda execution: (execution.fold, execution.execution),
    )
    return replace(
        parts[0],
        executions=tuple(executions),
        model=next((part.model for part in parts if part.model), b""),
        duration=sum(part.duration for part in parts),
    )
