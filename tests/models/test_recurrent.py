import numpy as np
import pytest

from models.recurrent import CELLS, Recurrent, recurrent_block


def _model(options, sequences, window_size=5):
    import keras

    window = keras.Input((window_size, 2))
    return keras.Model(window, recurrent_block(window, options, sequences=sequences))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_shapes(cell, bidirectional):
    options = Recurrent(2, cell, 3, bidirectional=bidirectional)
    units = 6 if bidirectional else 3
    assert _model(options, sequences=True).output_shape == (None, 5, units)
    assert _model(options, sequences=False).output_shape == (None, units)


def test_without_sequences_both_directions_return_their_final_state():
    window = np.random.default_rng(0).normal(size=(1, 5, 2)).astype("float32")
    options = Recurrent(1, "gru", 3, bidirectional=True)
    final, every = _model(options, sequences=False), _model(options, sequences=True)
    every.set_weights(final.get_weights())
    steps = np.asarray(every(window))
    expected = np.concatenate([steps[:, -1, :3], steps[:, 0, 3:]], axis=1)
    np.testing.assert_allclose(final(window), expected, rtol=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_layer_names_do_not_depend_on_earlier_models(bidirectional):
    options = Recurrent(2, "lstm", 2, bidirectional=bidirectional)
    first, second = (_model(options, sequences=False) for _ in range(2))
    paths = [[weight.path for weight in model.weights] for model in (first, second)]
    assert paths[0] == paths[1]
    assert [layer.name for layer in first.layers[1:]] == ["recurrent_1", "recurrent_2"]


@pytest.mark.parametrize("option", ["dropout", "recurrent_dropout"])
def test_dropout_applies_in_training_only(option):
    model = _model(Recurrent(1, "simple_rnn", 8, **{option: 0.5}), sequences=False)
    window = np.ones((1, 5, 2), "float32")
    assert np.array_equal(model(window), model(window))
    assert not np.array_equal(model(window, training=True), model(window))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"layers": -1}, "model.recurrent.layers is -1: it must be a whole number of at least 0."),
        ({"units": 0}, "model.recurrent.units is 0: it must be a whole number of at least 1."),
        (
            {"cell": "gruu"},
            "model.recurrent.cell is 'gruu'. Did you mean 'gru'?\nPossible: simple_rnn, gru, lstm.",
        ),
        ({"bidirectional": "yes"}, "model.recurrent.bidirectional is 'yes': it must be true or"),
        ({"dropout": 1.0}, "model.recurrent.dropout is 1.0: it must be a number from 0 to below 1"),
        ({"recurrent_dropout": -0.1}, "model.recurrent.recurrent_dropout is -0.1: it must be"),
    ],
)
def test_the_error_for_an_invalid_option_names_its_key(options, text):
    with pytest.raises(ValueError, match="model") as error:
        Recurrent(**options)
    assert str(error.value).startswith(text)
