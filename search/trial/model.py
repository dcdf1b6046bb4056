"""Builds the Keras model of a trial. Only processes that train import this module."""

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import keras
import numpy as np
from keras.src.random import seed_generator

from datasets.transform import seasons_ago
from models.forecaster import anchored, from_readings, relative
from models.linear_start import fit_windows, start_at
from models.ridge import LinearMap
from search.config.schema import Config
from search.config.signatures import call_builder
from search.trial.data import FoldData


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Makes everything random in Keras and TensorFlow depend on `seed` alone.

    Keras draws the seeds of initializers and dropout from Python's global generator, which other
    threads of a worker use too. So Keras gets a generator of its own here. The replaced reference
    is private to Keras; a test checks that other threads do not change the weights.
    """
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    shared = seed_generator.python_random
    seed_generator.python_random = random.Random(seed)
    try:
        yield
    finally:
        seed_generator.python_random = shared


def build_model(config: Config, data: FoldData) -> keras.Model:
    """Returns the model for windows of `data`; its weights depend on the seed given to `seeded`.

    Raises:
        Infeasible: no model can be built with these values.
    """
    windows = data.train
    model = call_builder(
        "model",
        config.model,
        input_shape=(windows.window_size, windows.steps.shape[1]),
        horizon=config.task.horizon,
    )
    if config.model.get("skip") == "ridge":
        start_at(model, _ridge(data, config.transform.relative, config.transform.difference))
    if config.transform.relative:
        model = relative(model, len(data.scaler.center))
    return anchored(model, data.target) if config.transform.difference else model


@lru_cache(maxsize=1)  # the executions of a fold start at the same map
def _ridge(data: FoldData, sees_changes: bool, predicts_change: bool) -> LinearMap:
    """Returns the ridge regression of what the blocks see and predict, on the training windows."""
    channels, windows = len(data.scaler.center), data.train
    x, last = windows.x, windows.x[:, -1:, :channels]
    if sees_changes:
        x = np.concatenate([x[:, :, :channels] - last, x[:, :, channels:]], axis=2)
    y = windows.y - last[:, :, data.target] if predicts_change else windows.y
    return fit_windows(x, y.astype(np.float32), channels)


def weights_hash(network: keras.Model) -> str:
    """Returns the SHA-256 of a model's weights, in the order Keras lists them."""
    state = sha256()
    for weights in network.get_weights():
        state.update(weights.tobytes())
    return state.hexdigest()


def saved_model(network: keras.Model, data: FoldData, horizon: int) -> bytes:
    """Returns a trained model as a .keras file that takes readings in the series' units."""
    steps = np.arange(1, horizon + 1)
    whole = from_readings(
        network,
        center=data.scaler.center.tolist(),
        scale=data.scaler.scale.tolist(),
        target=data.target,
        lag=data.lag,
        ago=seasons_ago(steps, data.lag).tolist() if data.lag else [],
    )
    with tempfile.TemporaryDirectory(prefix="sweepcast-") as folder:
        path = Path(folder, "model.keras")
        whole.save(path)
        return path.read_bytes()
