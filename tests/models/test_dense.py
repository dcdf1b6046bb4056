import pytest

from models.checks import ACTIVATIONS
from models.dense import Dense, dense_block


def _layers(options):
    import keras

    inputs = keras.Input((4,))
    return keras.Model(inputs, dense_block(inputs, options)).layers[1:]


def test_each_layer_is_followed_by_its_dropout():
    names = [layer.name for layer in _layers(Dense(2, 3, dropout=0.5))]
    assert names == ["dense_1", "dense_1_dropout", "dense_2", "dense_2_dropout"]


def test_without_dropout_there_is_no_dropout_layer():
    assert [layer.name for layer in _layers(Dense(2, 3))] == ["dense_1", "dense_2"]


def test_without_layers_the_block_is_off():
    assert _layers(Dense(layers=0)) == []


def test_the_activations_are_the_keras_functions_that_fit_any_layer():
    import keras
    import numpy as np

    others = {"get", "serialize", "deserialize", "glu", "threshold"}
    functions = {name for name in dir(keras.activations) if not name.startswith("_")} - others
    assert functions == set(ACTIVATIONS)
    for name in ACTIVATIONS:
        assert keras.activations.get(name)(np.ones((2, 4), "float32")).shape == (2, 4)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"layers": "2"}, "model.dense.layers is '2': it must be a whole number of at least 0."),
        ({"units": 0}, "model.dense.units is 0: it must be a whole number of at least 1."),
        ({"activation": "tnah"}, "model.dense.activation is 'tnah'. Did you mean 'tanh'?"),
        ({"dropout": float("nan")}, "model.dense.dropout is nan: it must be a number from 0"),
        ({"dropout": "half"}, "model.dense.dropout is 'half': it must be a number from 0"),
    ],
)
def test_the_error_for_an_invalid_option_names_its_key(options, text):
    with pytest.raises(ValueError, match="model") as error:
        Dense(**options)
    assert str(error.value).startswith(text)
