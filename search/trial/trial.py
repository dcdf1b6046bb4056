"""Runs one trial: a plan in, a result out. Its only side effect is the progress that it reports.

`sweep`, `train` and all commands that retrain call the same `run_trial`.
Letters: N forecast origins, H horizon.
"""

import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.errors import Infeasible
from search.config.schema import Config, from_plain
from search.seeds import derived
from search.space.space import Point
from search.trial.checkpoints import Checkpoint, Place, pack, unpack
from search.trial.data import (
    VALIDATION,
    FoldData,
    Visible,
    fold_data,
    folds_of,
    load_series,
    visible,
)
from search.trial.result import Epoch, Execution, Result
from search.trial.scores import seasonal_naive_error

if TYPE_CHECKING:
    from datasets.split import Fold
    from search.trial.training import Trainer

Array = NDArray[np.float64]
# Memory for the forecasts and weights of recent epochs: a trial may be pruned some epochs late.
_KEPT_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Start:
    """The state from which a trial resumes.

    Attributes:
        epoch: number of epochs trained before.
        checkpoint: state after those epochs (`checkpoints.pack`).
    """

    epoch: int
    checkpoint: bytes


@dataclass(frozen=True)
class Plan:
    """Everything needed to train a trial, on any machine.

    Attributes:
        number: number of the trial.
        config: complete configuration, including the values of `point`.
        point: searched values.
        seed: seed of the trial; the seeds of its executions are derived from it.
        digest: digest of the series to train on.
        baselines: names and forecasts [N, H] of the baselines on the last fold, best one first.
        baseline_mae: MAE of the best baseline, averaged over the folds.
        prunable: whether the trial may be pruned, possibly some epochs late.
        title: name of the trial in its figures.
        block: block whose targets are scored, `validation` or `test`; `all` scores none.
        execution: number of the only execution to train, on all folds; None trains all executions.
        epochs: epochs per execution, if fewer than the learning rate schedule spans.
        start: state of an earlier trial to resume; None starts from scratch.
        continuable: whether a later trial may resume this one.
        ends_at: epoch, over all executions, at which the trial is known to have been pruned.
        compilation: logged compilation to use for the training; None chooses it from the model.
    """

    number: int
    config: dict[str, Any]
    point: Point
    seed: int
    digest: str
    baselines: tuple[tuple[str, Array], ...]
    baseline_mae: float
    prunable: bool
    title: str
    block: str = VALIDATION
    execution: int | None = None
    epochs: int | None = None
    start: Start | None = None
    continuable: bool = False
    ends_at: int | None = None
    compilation: str | None = None

    @cached_property
    def typed(self) -> Config:
        """The configuration with its types; cached, because building it takes 50 ms."""
        return from_plain(self.config)


@dataclass(frozen=True)
class Progress:
    """The report of an epoch that has finished.

    Attributes:
        number: number of the trial.
        step: index of the epoch over all folds and executions, from 0.
        steps: maximum number of epochs over all folds and executions.
        score: mean score over the executions so far, in the series' units.
        loss: training loss of the epoch.
        training: number of executions, over all folds, that finished before.
        epoch: index of the epoch within its execution, from 0.
    """

    number: int
    step: int
    steps: int
    score: float
    loss: float
    training: int
    epoch: int


# Takes the progress of an epoch; returns the step at which the trial was stopped, or None.
Report = Callable[[Progress], int | None]


def run_trial(plan: Plan, report: Report) -> Result:
    """Trains and scores a trial; an error in it gives a failed result with a reason."""
    started = time.monotonic()
    run = _Run(plan, report)
    try:
        for _ in run.executions():
            if run.stopped_at is not None:
                break
        result = Result(
            plan.number,
            "complete",
            executions=tuple(run.done),
            model=run.model,
            checkpoint=pack(run.kept) if run.kept else b"",
            parameters=run.parameters,
            compilation=run.trainer.compilation if run.trainer else "",
        )
        if run.stopped_at is not None:
            result = result.pruned_at(run.stopped_at, model=run.model)
    except Infeasible as error:
        result = _failed(run, f"infeasible: {error}")
    except MemoryError as error:
        result = _failed(run, f"out of memory: {error}".rstrip(": "))
    except ArithmeticError as error:
        result = _failed(run, str(error))
    except Exception as error:  # noqa: BLE001  # an error in one trial must not end the study
        kind = type(error).__name__
        text = str(error).strip().splitlines()
        reason = f"{kind}: {text[0]}" if text else kind
        result = _failed(run, "out of memory" if kind == "ResourceExhaustedError" else reason)
    return replace(result, duration=time.monotonic() - started, block=plan.block)


def _failed(run: "_Run", reason: str) -> Result:
    return Result(
        run.plan.number, "failed", reason, traceback.format_exc(), executions=tuple(run.done)
    )


class _Run:
    """Trains the executions of one trial, one after the other."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self.plan = plan
        self.report = report
        self.done: list[Execution] = []
        self.model = b""
        self.parameters = 0
        self.trainer: Trainer | None = None
        self.stopped_at: int | None = None
        self.first = plan.start.epoch if plan.start else 0
        self.begun: dict[Place, Checkpoint] = {}
        self.kept: dict[Place, Checkpoint] = {}

    def executions(self) -> Iterator[Execution]:
        """Trains and yields the executions, fold by fold and seed by seed."""
        config = self.plan.typed
        series = load_series(config.dataset)
        if series.digest != self.plan.digest:
            raise ValueError(
                "the data differ from the study's: "
                f"digest {series.digest[:12]} instead of {self.plan.digest[:12]}"
            )
        if self.plan.start:
            self.begun = unpack(self.plan.start.checkpoint)
        seen = visible(series, config.task, self.plan.block)
        folds = folds_of(series, config.task, self.plan.block)
        one = self.plan.execution
        executions = range(config.study.executions) if one is None else (one,)
        epochs = (self.plan.epochs or config.training.epochs) - self.first
        steps = len(folds) * len(executions) * epochs
        for fold in folds:
            data = fold_data(seen, fold, config)
            for execution in executions:
                self._execute(config, seen, fold, data, execution, steps)
                yield self.done[-1]

    def _execute(
        self,
        config: Config,
        seen: Visible,
        fold: "Fold",
        data: FoldData,
        execution: int,
        steps: int,
    ) -> None:
        from search.trial.model import build_model, saved_model, seeded, weights_hash
        from search.trial.training import Trainer

        trainer = self.trainer = self.trainer or Trainer(config.training, self.plan.compilation)
        seed = derived(self.plan.seed, fold.number, execution)
        before = sum(len(done.curve) for done in self.done)
        finals = [float(np.nanmean(np.abs(d.forecast - d.actual))) for d in self.done]
        curve: list[Epoch] = []
        recent: dict[int, Array] = {}
        weights: dict[int, list[Array]] = {}
        keep_model = execution == 0 and config.tracking.models != "none"

        def on_epoch(epoch: Epoch, forecast: Array) -> bool:
            at = len(curve)
            curve.append(epoch)
            if self.plan.prunable:
                recent[at] = forecast
                weights[at] = model.get_weights() if keep_model else []
                size = sum(array.nbytes for array in (forecast, *weights[at]))
                while len(recent) * size > _KEPT_BYTES:
                    del weights[next(iter(recent))], recent[next(iter(recent))]
            running = float(np.mean([*finals, epoch.score]))
            step = before + at
            self.stopped_at = self.report(
                Progress(
                    self.plan.number,
                    step,
                    steps,
                    running,
                    epoch.loss,
                    training=len(self.done),
                    epoch=epoch.epoch,
                )
            )
            if self.stopped_at is None and step == self.plan.ends_at:
                self.stopped_at = step
            return self.stopped_at is not None

        scale = seasonal_naive_error(seen.readings[: fold.train_stop], seen.season)
        forecast = np.full_like(data.actual, np.nan)
        try:
            with seeded(seed):
                model = trainer.adopt(build_model(config, data), data)
                self.parameters = model.count_params()
                forecast = trainer.fit(
                    data,
                    seed,
                    on_epoch,
                    epochs=self.plan.epochs,
                    first=self.first,
                    checkpoint=self.begun.get((fold.number, execution)),
                )
        finally:  # a failed trial keeps its curve up to the failure
            if curve:
                self.done.append(
                    Execution(
                        fold.number, execution, tuple(curve), data.actual, forecast, recent, scale
                    )
                )
        stop = None if self.stopped_at is None else self.stopped_at - before
        if stop is not None and stop < 0:  # pruned in an earlier execution
            return
        if stop is not None and stop < len(curve) - 1:  # pruned some epochs late
            if not weights.get(stop):
                return
            model.set_weights(weights[stop])
        self.done[-1] = replace(self.done[-1], weights=weights_hash(model))
        if self.plan.continuable:
            self.kept[fold.number, execution] = trainer.checkpoint()
        if keep_model:
            self.model = saved_model(model, data, config.task.horizon)
