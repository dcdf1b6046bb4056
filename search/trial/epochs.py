"""Trains each epoch in one TensorFlow graph: shuffling, windows and gradient steps, without Python.

Letters: N windows, W window size, F features, S steps of the series, H horizon, B batch size.
"""

from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from datasets.windows import Windows

# Windows per forecast call; limits the memory of wide convolutions on long series.
_CHUNK = 2048

Tensor: TypeAlias = Any  # TensorFlow has no types


class EpochModel(keras.Model):  # type: ignore[misc]  # Keras has no types
    """Trains a model with Keras' own `fit`; one batch of `fit` is a whole epoch (`epochs_of`).

    Args:
        network: model that maps [B, W, F] to [B, H].
        loss: Keras loss, a function of truth and forecast.
        batch_size: B; the last batch of an epoch holds the remaining windows.
        window_size: W.
    """

    def __init__(
        self, network: keras.Model, loss: Any, *, batch_size: int, window_size: int
    ) -> None:
        super().__init__()
        self.network = network
        self.built = True  # `network` is already built
        self._loss_of = loss
        self._batch_size = batch_size
        self._window = np.arange(window_size, dtype=np.int32)
        # Traced once, for full batches and for the smaller last batch of an epoch.
        signature = [(None, network.input_shape[-1]), (None,), (None, network.output_shape[-1])]
        kinds = (tf.float32, tf.int32, tf.float32)
        self._step = tf.function(
            self._gradient_step,
            input_signature=[tf.TensorSpec(*one) for one in zip(signature, kinds, strict=True)],
            autograph=False,  # Keras layers need no conversion, which would take time
        )

    @property
    def metrics(self) -> list[Any]:
        """No Keras metrics: each takes milliseconds, and `train_step` returns the means itself."""
        return []

    def compile(self, **options: Any) -> None:
        """Compiles the training and the forecasts."""
        super().compile(**options)
        self._outputs = tf.function(self._forecast, jit_compile=self.jit_compile, autograph=False)

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        """Returns the outputs [B, H] of the model."""
        return self.network(x, training=training)

    def train_step(self, data: Any) -> dict[str, Tensor]:
        """Trains one epoch and returns the mean loss and MAE over its windows."""
        order, (steps, starts, y) = data
        count: int = starts.shape[0]
        size = min(self._batch_size, count)
        batches, rest = divmod(count, size)

        def batch(place: Tensor, windows: int, loss: Tensor, error: Tensor) -> tuple[Tensor, ...]:
            rows = tf.slice(order, [place], [windows])
            more = self._step(steps, tf.gather(starts, rows), tf.gather(y, rows))
            return loss + more[0], error + more[1]

        zero = tf.constant(0.0)
        _, loss, error = tf.while_loop(
            lambda place, *_: place < batches * size,
            lambda place, *sums: (place + size, *batch(place, size, *sums)),
            (tf.constant(0), zero, zero),
            parallel_iterations=1,
        )
        if rest:
            loss, error = batch(batches * size, rest, loss, error)
        return {"loss": loss / count, "mae": error / count}

    def _gradient_step(self, steps: Tensor, starts: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Trains one batch and returns the loss and the absolute error, summed over its windows."""
        x = self._cut(steps, starts)
        variables = self.network.trainable_variables
        with tf.GradientTape() as tape:
            outputs = self.network(x, training=True)
            loss = tf.reduce_mean(self._loss_of(y, outputs))
            total = tf.add_n([loss, *self.network.losses])
        self.optimizer.apply_gradients(zip(tape.gradient(total, variables), variables, strict=True))
        windows = tf.cast(tf.shape(y)[0], tf.float32)
        return windows * total, windows * tf.reduce_mean(tf.abs(y - outputs))

    def _cut(self, steps: Tensor, starts: Tensor) -> Tensor:
        """Returns the windows [B, W, F] that start at `starts` [B] in `steps` [S, F]."""
        return tf.gather(steps, starts[:, None] + self._window)

    def _forecast(self, steps: Tensor, starts: Tensor) -> Tensor:
        return self.network(self._cut(steps, starts), training=False)

    def forecast(self, windows: Windows) -> NDArray[np.float64]:
        """Returns the outputs [N, H] of the model for `windows`."""
        steps, starts = tf.constant(windows.steps), windows.starts
        parts = [
            self._outputs(steps, tf.constant(starts[i : i + _CHUNK])).numpy()
            for i in range(0, len(starts), _CHUNK)
        ]
        return np.concatenate(parts).astype(np.float64)


def epochs_of(windows: Windows, *, seed: int, first: int) -> tf.data.Dataset:
    """Returns a dataset for `EpochModel` with one element per epoch, starting at epoch `first`.

    The order of the windows in an epoch depends only on the seed and the epoch's number.
    """
    count = len(windows.starts)
    numbers = tf.data.Dataset.range(count, output_type=tf.int32)
    orders = numbers.shuffle(count, seed=seed).batch(count, drop_remainder=True).repeat()
    arrays = (windows.steps, windows.starts, windows.y.astype(np.float32))
    return tf.data.Dataset.zip(orders.skip(first), tf.data.Dataset.from_tensors(arrays).repeat())
