"""Fits one net: one execution of a trial on one fold.

Letters: N windows, W window size, F features, H horizon. Keras is imported here, so only a process
that trains imports this module.
"""

from collections.abc import Callable, Iterator
from math import nan
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from datasets.windows import Windows
from search.checkpoints import Checkpoint
from search.config import Training
from search.data import FoldData
from search.result import Epoch

Array = NDArray[np.float64]
# Windows predicted in one call: bounds the memory of wide convolutions on long series.
_CHUNK = 2048
# XLA saves 2 to 9 ms of a step of the recurrent loops, takes 1 to 3 s to compile them, and does
# nothing for convolutions. A pure function of the configuration: it shapes the bits.
_RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)
_XLA_PAYS_FROM = 500  # steps


class Diverged(ArithmeticError):
    """The loss is no number any more."""


# Takes the figures of an epoch and its forecasts [N, H]; returns whether to stop.
OnEpoch = Callable[[Epoch, Array], bool]


def fit(
    model: keras.Model,
    data: FoldData,
    options: Training,
    seed: int,
    on_epoch: OnEpoch,
    *,
    epochs: int | None = None,
    first: int = 0,
    checkpoint: Checkpoint | None = None,
) -> Array:
    """Trains `model` in place and returns its forecasts of the validation targets, series' units.

    Args:
        model: not compiled.
        data: of the fold.
        options: of the training; its schedule spans all of their epochs.
        seed: of the shuffling.
        on_epoch: is told of every epoch.
        epochs: after which to end; None trains all of them.
        first: epochs that were trained before.
        checkpoint: what they came to.

    Raises:
        Diverged: a loss is NaN or infinite.
    """
    batches = -(-len(data.train.y) // options.batch_size)
    loss = keras.losses.get(options.loss)
    model.compile(
        optimizer=_optimizer(options, batches * options.epochs),
        loss=loss,
        metrics=["mae"],
        steps_per_execution=batches,  # one Python call an epoch
        jit_compile=_xla_pays(model, batches * options.epochs),
    )
    if checkpoint is not None:
        model.set_weights(checkpoint.weights)
        model.optimizer.build(model.trainable_variables)
        for variable, value in zip(model.optimizer.variables, checkpoint.optimizer, strict=True):
            variable.assign(value)
    reporter = _Reporter(data, loss, options.patience, on_epoch)
    model.fit(
        tf.data.Dataset.from_tensor_slices((data.train.x, data.train.y))
        .shuffle(len(data.train.y), seed=seed)
        .batch(options.batch_size)
        .prefetch(2),
        initial_epoch=first,
        epochs=epochs or options.epochs,
        shuffle=False,  # the dataset shuffles itself
        callbacks=[reporter],
        verbose=0,
    )
    return reporter.forecast


def checkpoint_of(model: keras.Model) -> Checkpoint:
    """Returns what a trained model and its optimizer have come to."""
    optimizer = [np.asarray(variable) for variable in model.optimizer.variables]
    return Checkpoint(model.get_weights(), optimizer)


def _xla_pays(model: keras.Model, steps: int) -> bool:
    return steps >= _XLA_PAYS_FROM and any(
        isinstance(layer, _RECURRENT) for layer in _layers(model)
    )


def _layers(model: keras.Model) -> Iterator[keras.Layer]:
    """Yields the layers of a model, and those of the models in it."""
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer)


def predict(model: keras.Model, x: NDArray[np.float32]) -> Array:
    """Returns forecasts [N, H] of windows [N, W, F], scaled."""
    parts = [model.predict_on_batch(x[i : i + _CHUNK]) for i in range(0, len(x), _CHUNK)]
    return np.concatenate(parts).astype(np.float64)


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
        scaled = predict(self.model, validation.x)
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
        error = np.abs(predict(self.model, watch.x) - watch.y)[watch.scored]
        watched = float(error.mean())
        if self._best is None or watched < self._best[0]:
            self._best = (watched, epoch, self.model.get_weights())
        elif epoch - self._best[1] >= patience:
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        if self._best is not None and not self.stopped:
            self.model.set_weights(self._best[2])
            if self._data.validation is not None:
                self.forecast = self._data.forecast(predict(self.model, self._data.validation.x))
