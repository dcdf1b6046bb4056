import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.conv import Conv, conv_block
from models.errors import Infeasible


def _model(window_size, options, channels=1, **wanted):
    import keras

    window = keras.Input((window_size, channels))
    return keras.Model(window, conv_block(window, options, **wanted))


def test_the_worked_example_of_the_chapter():
    model = _model(6, Conv(layers=1, filters=1, kernel_size=3, strides=1, activation="linear"))
    model.get_layer("conv_1").set_weights([np.array([-0.5, 1, -0.5]).reshape(3, 1, 1), np.zeros(1)])
    outputs = model(np.array([4, 8, 15, 16, 23, 42], "float32").reshape(1, 6, 1))
    # The first two outputs include zeros to the left of the window: 0 0 4 and 0 4 8.
    assert np.ravel(outputs).tolist() == [-2, 0, -1.5, 3, -3, -6]


@pytest.mark.parametrize("strides", [2, 3, 5])
def test_a_strided_convolution_keeps_every_nth_output_counted_from_the_last(strides):
    window = np.random.default_rng(0).normal(size=(1, 16, 1)).astype("float32")
    kernel = np.array([2.0, -1.0]).reshape(2, 1, 1)
    plain, strided = (
        _model(16, Conv(layers=1, filters=1, kernel_size=2, strides=s, activation="linear"))
        for s in (1, strides)
    )
    for model in (plain, strided):
        model.get_layer("conv_1").set_weights([kernel, np.zeros(1)])
    expected = np.ravel(plain(window))[::-1][::strides][::-1]
    actual = np.ravel(strided(window))
    assert len(actual) == len(expected)
    np.testing.assert_allclose(actual, expected, rtol=1e-6)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("strides", [1, 2, 3, 4])
@pytest.mark.parametrize("window_size", [16, 17, 18, 19])
def test_the_last_output_step_depends_on_the_last_reading(window_size, strides, layers):
    model = _model(window_size, Conv(layers, 2, 3, strides, "linear"))
    window = np.ones((1, window_size, 1), "float32")
    changed = window.copy()
    changed[0, -1, 0] += 1
    assert not np.allclose(model(window)[:, -1], model(changed)[:, -1])


@pytest.mark.parametrize("strides", [1, 2, 3])
def test_no_output_step_depends_on_a_later_reading(strides):
    model = _model(10, Conv(1, 2, 4, strides, "linear"))
    window = np.ones((1, 10, 1), "float32")
    changed = window.copy()
    changed[0, -1, 0] += 1
    assert np.array_equal(model(window)[:, :-1], model(changed)[:, :-1])


def test_a_kernel_may_be_larger_than_the_window():
    assert _model(4, Conv(1, 3, 9), channels=2).output_shape == (None, 4, 3)


def test_strides_that_leave_no_time_step_are_infeasible():
    with pytest.raises(Infeasible) as error:
        _model(30, Conv(layers=3, filters=2, kernel_size=2, strides=4))
    assert str(error.value) == (
        "conv layer 3 has strides 4, but only 2 time steps are left (of a window of 30).\n"
        "Reduce model.conv.strides or model.conv.layers, or increase task.window_size."
    )


@settings(max_examples=40, deadline=None)
@given(
    window_size=st.integers(1, 24),
    options=st.builds(
        Conv, st.integers(1, 3), st.just(2), st.integers(1, 12), st.integers(1, 4), st.just("tanh")
    ),
)
def test_the_last_step_is_the_same_without_the_other_steps(window_size, options):
    """Equal up to the order of summation; random biases reveal errors in the padding."""
    try:
        whole = _model(window_size, options)
    except Infeasible:
        with pytest.raises(Infeasible):
            _model(window_size, options, sequences=False)
        return
    last = _model(window_size, options, sequences=False)
    random = np.random.default_rng(0)
    weights = [random.normal(size=each.shape) for each in whole.get_weights()]
    for model in (whole, last):
        model.set_weights(weights)
    window = random.normal(size=(2, window_size, 1)).astype("float32")
    np.testing.assert_allclose(last(window)[:, -1], whole(window)[:, -1], atol=1e-5)


def test_only_the_receptive_field_of_the_last_step_is_computed():
    options = Conv(layers=2, filters=3, kernel_size=3, strides=2)
    model = _model(40, options, sequences=False)
    assert [layer.output.shape[1] for layer in model.layers] == [40, 7, 3, 1]


def test_without_layers_the_window_is_unchanged():
    assert len(_model(4, Conv(layers=0)).layers) == 1


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"layers": -1}, "model.conv.layers is -1: it must be a whole number of at least 0."),
        ({"filters": 0}, "model.conv.filters is 0: it must be a whole number of at least 1."),
        ({"kernel_size": 2.5}, "model.conv.kernel_size is 2.5: it must be a whole number"),
        ({"strides": True}, "model.conv.strides is True: it must be a whole number"),
        ({"activation": "rleu"}, "model.conv.activation is 'rleu'. Did you mean 'relu'?"),
    ],
)
def test_the_error_for_an_invalid_option_names_its_key(options, text):
    with pytest.raises(ValueError, match="model") as error:
        Conv(**options)
    assert str(error.value).startswith(text)
    assert len(str(error.value).splitlines()) <= 3
