"""Cuts windows as the chapter does: with tf.data, one at a time."""

from typing import Any

import tensorflow as tf


def windowed_dataset(series: Any, window_size: int, batch_size: int, shuffle_buffer: int) -> Any:
    """Returns batches of windows and the values that follow them."""
    series = tf.expand_dims(series, axis=-1)
    dataset = tf.data.Dataset.from_tensor_slices(series)
    dataset = dataset.window(window_size + 1, shift=1, drop_remainder=True)
    dataset = dataset.flat_map(lambda window: window.batch(window_size + 1))
    dataset = dataset.shuffle(shuffle_buffer)
    dataset = dataset.map(lambda window: (window[:-1], window[-1]))
    return dataset.batch(batch_size).prefetch(1)
