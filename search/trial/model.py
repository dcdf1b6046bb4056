"""Builds a trial's net from its configuration. Imports Keras: for processes that train."""

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import keras
import numpy as np
from keras.src.random import seed_generator

from datasets.transform import seasons_ago
from models.forecaster import (
    anchored,
    from_readings,
    relative,
)
from search.config.schema import Config
from search.config.signatures import call_builder
from search.trial.data import FoldData


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Lets everything random in Keras and TensorFlow follow from `seed` alone.

    Keras draws the seeds of initializers and dropout from Python's global generator, which the
    other threads of a worker use as well. The module's reference to it is private; a test holds
    that a busy thread beside the training changes no bit.
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
    """Returns the net for windows of `data`; its weights follow from the seed of `seeded`.

    Raises:
        Infeasible: the point cannot be built.
    """
    windows = data.train
    net = call_builder(
        "model",
        config.model,
        input_shape=(windows.window_size, windows.steps.shape[1]),
        horizon=config.task.horizon,
    )
    if config.transform.relative:
        net = relative(net, len(data.scaler.center))
    return anchored(net, data.target) if config.transform.difference else net


def weights_hash(net: keras.Model) -> str:
    """Returns the sha256 of a net's weights, in the order in which Keras lists them."""
    state = sha256()
    for weights in net.get_weights():
        state.update(weights.tobytes())
    return state.hexdigest()


def saved_model(net: keras.Model, data: FoldData, horizon: int) -> bytes:
    """Returns a trained net as a .keras file that takes readings in the series' units."""
    steps = np.arange(1, horizon + 1)
    whole = from_readings(
        net,
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
