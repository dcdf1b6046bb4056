"""Fits the executions of one trial: nets of one shape, one after the other.

Letters: N windows, H horizon. Keras is imported here, so only a process that trains imports this
module.
"""

from collections.abc import Callable
from contextlib import ExitStack
from math import nan
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from datasets.windows import Windows
from search.config.schema import Training
from search.trial.checkpoints import Checkpoint
from search.trial.compilation import (
    LOOP,
    UNROLLED,
    compilation,
    unrolled,
)
from search.trial.data import FoldData
from search.trial.epochs import EpochModel, epochs_of
from search.trial.result import Epoch

Array = NDArray[np.float64]


class Diverged(ArithmeticError):
    """The loss is no number any more."""


# Takes the figures of an epoch and its forecasts [N, H]; returns whether to stop.
OnEpoch = Callable[[Epoch, Array], bool]


class Trainer:
    """Trains nets of one shape; what was compiled for one of them serves the next.

    Attributes:
        compilation: how the training is compiled; empty until a net is adopted.
    """

    def __init__(self, options: Training, compilation: str | None = None) -> None:
        """`compilation` None decides by the net; the schedule spans all epochs of `options`."""
        self._options = options
        self._wanted = compilation
        self.compilation = ""
        self._loss = keras.losses.get(options.loss)
        self._model: EpochModel | None = None
        self._windows = 0
        self._fresh: list[NDArray[Any]] = []  # the optimizer's variables before any training

    def adopt(self, net: keras.Model, data: FoldData) -> keras.Model:
        """Returns the net to be trained: `net`, or an earlier one with the state of `net`.

        Compiling takes seconds. So where the data are of the shape of the last ones, the net that
        was compiled for them goes on with the variables of `net`, those of its dropout's seeds
        among them: it trains to the same bits.
        """
        if self._model is not None and self._windows == len(data.train.starts):
            fresh = [*net.variables, *self._fresh]
            current = [*self._model.net.variables, *self._model.optimizer.variables]
            for variable, value in zip(current, fresh, strict=True):
                variable.assign(value)
            return self._model.net
        options, self._windows = self._options, len(data.train.starts)
        steps = -(-self._windows // options.batch_size) * options.epochs
        size = data.train.window_size
        self.compilation = self._wanted or compilation(net, window_size=size, steps=steps)
        self._model = EpochModel(net, self._loss, batch_size=options.batch_size, window_size=size)
        self._model.compile(
            optimizer=_optimizer(options, steps), jit_compile=self.compilation != LOOP
        )
        self._model.optimizer.build(net.trainable_variables)
        self._fresh = [np.asarray(variable) for variable in self._model.optimizer.variables]
        return net

    def fit(
        self,
        data: FoldData,
        seed: int,
        on_epoch: OnEpoch,
        *,
        epochs: int | None = None,
        first: int = 0,
        checkpoint: Checkpoint | None = None,
    ) -> Array:
        """Trains the adopted net and returns its forecasts of the validation targets.

        Args:
            data: of the fold, as adopted.
            seed: of the shuffling.
            on_epoch: is told of every epoch.
            epochs: after which to end; None trains all of them.
            first: epochs that were trained before.
            checkpoint: what they came to.

        Returns:
            [N, H] in the series' units.

        Raises:
            Diverged: a loss is NaN or infinite.
        """
        model = self._model
        if model is None:
            raise RuntimeError("no net was adopted")
        if checkpoint is not None:
            model.net.set_weights(checkpoint.weights)
            for variable, value in zip(
                model.optimizer.variables, checkpoint.optimizer, strict=True
            ):
                variable.assign(value)
        reporter = _Reporter(data, self._loss, self._options.patience, on_epoch)
        with ExitStack() as stack:
            if self.compilation == UNROLLED:
                stack.enter_context(unrolled(model.net))
            model.fit(
                epochs_of(data.train, seed=seed, first=first),
                steps_per_epoch=1,
                initial_epoch=first,
                epochs=epochs or self._options.epochs,
                shuffle=False,  # each epoch shuffles itself
                callbacks=[reporter],
                verbose=0,
            )
        return reporter.forecast

    def checkpoint(self) -> Checkpoint:
        """Returns what the trained net and its optimizer have come to."""
        model = self._model
        if model is None:
            raise RuntimeError("no net was adopted")
        optimizer = [np.asarray(variable) for variable in model.optimizer.variables]
        return Checkpoint(model.net.get_weights(), optimizer)


def _optimizer(options: Training, steps: int) -> keras.optimizers.Optimizer:
    rate: Any = options.learning_rate
    if options.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    elif options.schedule == "exponential":  # to a hundredth over the training
        rate = keras.optimizers.schedules.ExponentialDecay(rate, steps, 0.01)
    common = {"learning_rate": rate, "clipnorm": options.clipnorm}
    if options.optimizer == "sgd":
        return keras.optimizers.SGD(momentum=options.momentum, **common)
    kinds = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "rmsprop": keras.optimizers.RMSprop,
    }
    return kinds[options.optimizer](**common)


class _Reporter(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Scores the validation targets after each epoch; keeps the best weights with `patience`."""

    def __init__(self, data: FoldData, loss: Any, patience: int | None, on_epoch: OnEpoch) -> None:
        super().__init__()
        self._data = data
        self._loss = loss
        self._patience = patience
        self._on_epoch = on_epoch
        self._best: tuple[float, int, list[Any]] | None = None
        self.forecast = np.empty(data.actual.shape)
        self.stopped = False

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        figures = logs or {}
        if not np.isfinite(figures["loss"]):
            raise Diverged(f"the loss became {figures['loss']} in epoch {epoch + 1}")
        if self._on_epoch(self._scored(epoch, figures), self.forecast):
            self.stopped = self.model.stop_training = True
        elif self._patience is not None and self._data.watch is not None:
            self._watch(self._data.watch, epoch, self._patience)

    def _scored(self, epoch: int, figures: dict[str, float]) -> Epoch:
        loss, mae = float(figures["loss"]), float(figures["mae"])
        data, validation = self._data, self._data.validation
        if validation is None:
            return Epoch(epoch, loss, mae, val_loss=nan, val_mae=nan, score=nan)
        scaled = self.model.forecast(validation)
        self.forecast = data.forecast(scaled)
        error = np.abs(self.forecast - data.actual)[validation.scored]
        truth = validation.y[validation.scored][:, None]
        guess = scaled[validation.scored][:, None]
        if not np.isfinite(guess).all():
            raise Diverged(f"a forecast became NaN or infinite in epoch {epoch + 1}")
        return Epoch(
            epoch,
            loss,
            mae,
            val_loss=float(np.mean(self._loss(truth, guess))),
            val_mae=float(np.mean(np.abs(truth - guess))),
            score=float(error.mean()),
        )

    def _watch(self, watch: Windows, epoch: int, patience: int) -> None:
        error = np.abs(self.model.forecast(watch) - watch.y)[watch.scored]
        watched = float(error.mean())
        if self._best is None or watched < self._best[0]:
            self._best = (watched, epoch, self.model.net.get_weights())
        elif epoch - self._best[1] >= patience:
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        if self._best is not None and not self.stopped:
            self.model.net.set_weights(self._best[2])
            if self._data.validation is not None:
                outputs = self.model.forecast(self._data.validation)
                self.forecast = self._data.forecast(outputs)
