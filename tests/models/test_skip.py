import keras
import numpy as np
import pytest

from models.conv import Conv
from models.dense import Dense
from models.forecaster import forecaster
from models.recurrent import Recurrent


def built(**more):
    keras.utils.set_random_seed(1)
    blocks = {"conv": Conv(), "recurrent": Recurrent(layers=1, units=3), "dense": Dense(layers=0)}
    return forecaster((6, 2), 2, **blocks, head="last", **more)


def test_skip_adds_a_linear_map_of_the_whole_window():
    model, plain = built(skip=True), built()
    (kernel,) = model.get_layer("skip").get_weights()
    assert kernel.shape == (12, 2)
    for layer in plain.layers[1:]:
        model.get_layer(layer.name).set_weights(layer.get_weights())
    x = np.random.default_rng(0).normal(size=(4, 6, 2)).astype("float32")
    added = np.asarray(model(x)) - np.asarray(plain(x))
    assert added == pytest.approx(x.reshape(4, 12) @ kernel, abs=1e-5)


def test_skip_must_be_true_or_false():
    with pytest.raises(ValueError, match=r"model\.skip is 1"):
        built(skip=1)
