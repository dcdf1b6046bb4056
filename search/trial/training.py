"""Trains the executions of one trial: models of the same shape, one after the other.

Letters: N windows, H horizon. This module imports Keras, so only processes that train import it.
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
from search.trial.compilation import LOOP, UNROLLED, compilation, unrolled
from search.trial.data import FoldData
from search.trial.epochs import EpochModel, epochs_of
from search.trial.result import Epoch

Array = NDArray[np.float64]


class Diverged(ArithmeticError):
    """The loss or a forecast became NaN or infinite."""


# Takes the metrics of an epoch and its forecasts [N, H]; returns whether to stop.
OnEpoch = Callable[[Epoch, Array], bool]


class Trainer:
    """Trains models of the same shape and reuses the compiled code of the first one.

    Attributes:
        compilation: how the training is compiled; empty until `adopt` is called.
    """

    def __init__(self, options: Training, compilation: str | None = None) -> None:
        """Creates a trainer.

        Args:
            options: options of the training; the learning rate schedule spans all its epochs.
            compilation: how to compile the training; None chooses it from the model.
        """
        self._options = options
        self._wanted = compilation
        self.compilation = ""
        self._loss = keras.losses.get(options.loss)
        self._model: EpochModel | None = None
        self._windows = 0
        self._fresh: list[NDArray[Any]] = []  # the optimizer's variables before any training

    def adopt(self, network: keras.Model, data: FoldData) -> keras.Model:
        """Returns the model to train: `network`, or an earlier model with the state of `network`.

        Compiling takes seconds. If the data have the same shape as before, the compiled model is
        reused: it gets all variables of `network`, including the seeds of dropout, so that training
        gives the same bits.
        """
        if self._model is not None and self._windows == len(data.train.starts):
            fresh = [*network.variables, *self._fresh]
            current = [*self._model.network.variables, *self._model.optimizer.variables]
            for variable, value in zip(current, fresh, strict=True):
                variable.assign(value)
            return self._model.network
        options, self._windows = self._options, len(data.train.starts)
        steps = -(-self._windows // options.batch_size) * options.epochs
        size = data.train.window_size
        self.compilation = self._wanted or compilation(network, window_size=size, steps=steps)
        self._model = EpochModel(
            network, self._loss, batch_size=options.batch_size, window_size=size
        )
        self._model.compile(
            optimizer=_optimizer(options, steps), jit_compile=self.compilation != LOOP
        )
        self._model.optimizer.build(network.trainable_variables)
        self._fresh = [np.asarray(variable) for variable in self._model.optimizer.variables]
        return network

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
        """Trains the model set by `adopt` and returns its forecasts of the validation targets.

        Args:
            data: data of the fold, as given to `adopt`.
            seed: seed of the shuffling.
            on_epoch: function called after every epoch.
            epochs: number of epochs to end at, `first` included; None trains all of them.
            first: number of epochs trained before.
            checkpoint: state after those epochs.

        Returns:
            Forecasts [N, H] in the series' units.

        Raises:
            Diverged: the loss or a forecast is NaN or infinite.
        """
        model = self._model
        if model is None:
            raise RuntimeError("there is no model to train: call adopt() first")
        if checkpoint is not None:
            model.network.set_weights(checkpoint.weights)
            for variable, value in zip(
                model.optimizer.variables, checkpoint.optimizer, strict=True
            ):
                variable.assign(value)
        reporter = _Reporter(data, self._loss, self._options.patience, on_epoch)
        with ExitStack() as stack:
            if self.compilation == UNROLLED:
                stack.enter_context(unrolled(model.network))
            model.fit(
                epochs_of(data.train, seed=seed, first=first),
                steps_per_epoch=1,
                initial_epoch=first,
                epochs=epochs or self._options.epochs,
                shuffle=False,  # `epochs_of` shuffles
                callbacks=[reporter],
                verbose=0,
            )
        return reporter.forecast

    def checkpoint(self) -> Checkpoint:
        """Returns the current state of the model and its optimizer."""
        model = self._model
        if model is None:
            raise RuntimeError("there is no model to save: call adopt() first")
        optimizer = [np.asarray(variable) for variable in model.optimizer.variables]
        return Checkpoint(model.network.get_weights(), optimizer)


def _optimizer(options: Training, steps: int) -> keras.optimizers.Optimizer:
    rate: Any = options.learning_rate
    if options.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    elif options.schedule == "exponential":  # decays to a hundredth over the training
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
    """Scores the validation targets after each epoch; with `patience`, keeps the best weights."""

    def __init__(self, data: FoldData, loss: Any, patience: int | None, on_epoch: OnEpoch) -> None:
        super().__init__()
        self._data = data
        self._loss = loss
        self._patience = patience
        self._on_epoch = on_epoch
        self._best: tuple[float, int, list[Any]] | None = None
        self.forecast = np.empty(data.actual.shape)
        self.stopped = False

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Lets early stopping return to the start, which may be a good linear model already."""
        if self._patience is not None and self._data.watch is not None:
            self._watch(self._data.watch, -1, self._patience)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        means = logs or {}
        if not np.isfinite(means["loss"]):
            raise Diverged(f"the loss became {means['loss']} in epoch {epoch + 1}")
        if self._on_epoch(self._scored(epoch, means), self.forecast):
            self.stopped = self.model.stop_training = True
        elif self._patience is not None and self._data.watch is not None:
            self._watch(self._data.watch, epoch, self._patience)

    def _scored(self, epoch: int, means: dict[str, float]) -> Epoch:
        loss, mae = float(means["loss"]), float(means["mae"])
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
            self._best = (watched, epoch, self.model.network.get_weights())
        elif epoch - self._best[1] >= patience:
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        if self._best is not None and not self.stopped:
            self.model.network.set_weights(self._best[2])
            if self._data.validation is not None:
                outputs = self.model.forecast(self._data.validation)
                self.forecast = self._data.forecast(outputs)
