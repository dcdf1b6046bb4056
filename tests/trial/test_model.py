"""The weights of a new model depend on the seed alone."""

import random
import threading

import numpy as np


def test_random_draws_of_another_thread_do_not_change_the_weights():
    """Dask's threads draw from Python's random generator while a worker builds a model."""
    import keras

    from search.trial.model import seeded

    def weights() -> list[np.ndarray]:
        with seeded(7):
            layers = [keras.layers.Dense(5), keras.layers.Dropout(0.5), keras.layers.Dense(3)]
            return keras.Sequential([keras.Input((4,)), *layers]).get_weights()

    alone = weights()
    done = threading.Event()

    def draw() -> None:
        while not done.is_set():
            random.random()

    busy = threading.Thread(target=draw)
    busy.start()
    try:
        beside = [weights() for _ in range(5)]
    finally:
        done.set()
        busy.join()
    for found in beside:
        assert all(np.array_equal(a, b) for a, b in zip(alone, found, strict=True))
