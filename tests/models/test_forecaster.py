import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.conv import Conv
from models.dense import Dense
from models.errors import Infeasible
from models.forecaster import HEADS, anchored, forecaster, relative
from models.recurrent import CELLS, Recurrent

OFF = {"conv": Conv(layers=0), "recurrent": Recurrent(layers=0), "dense": Dense(layers=0)}
FULL = {
    "conv": Conv(1, 4, 3, 2),
    "recurrent": Recurrent(1, "gru", 3, bidirectional=True, dropout=0.2, recurrent_dropout=0.2),
    "dense": Dense(1, 4, dropout=0.2),
    "head": "last",
}


def _windows(count, window_size, channels):
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, window_size, channels)).astype("float32")


@settings(max_examples=15, deadline=None)
@given(
    window_size=st.integers(1, 12),
    channels=st.integers(1, 3),
    horizon=st.integers(1, 4),
    conv=st.builds(
        Conv, st.integers(0, 2), st.integers(1, 3), st.integers(1, 15), st.integers(1, 3)
    ),
    recurrent=st.builds(
        Recurrent, st.integers(0, 2), st.sampled_from(CELLS), st.integers(1, 3), st.booleans()
    ),
    dense=st.builds(Dense, st.integers(0, 2), st.integers(1, 3)),
    head=st.sampled_from(HEADS),
)
def test_any_point_builds_a_model_or_is_infeasible(
    *, window_size, channels, horizon, conv, recurrent, dense, head
):
    steps = window_size
    feasible = True
    for _ in range(conv.layers):
        feasible = feasible and conv.strides <= steps
        steps = -(-steps // conv.strides)
    blocks = {"conv": conv, "recurrent": recurrent, "dense": dense, "head": head}
    if not feasible:
        with pytest.raises(Infeasible):
            forecaster((window_size, channels), horizon, **blocks)
        return
    model = forecaster((window_size, channels), horizon, **blocks)
    forecast = np.asarray(model(_windows(2, window_size, channels)))
    assert forecast.shape == (2, horizon)
    assert np.isfinite(forecast).all()


@pytest.mark.parametrize(("head", "used"), [("last", [4]), ("flatten", [0, 1, 2, 3, 4])])
def test_the_head_decides_which_steps_are_used(head, used):
    model = forecaster((5, 1), 1, **OFF, head=head)
    window = _windows(1, 5, 1)
    changed = np.repeat(window, 5, axis=0)
    changed[range(5), range(5), 0] += 1
    differs = np.ravel(model(changed)) != np.ravel(model(window))
    assert np.flatnonzero(differs).tolist() == used


@pytest.mark.parametrize("head", HEADS)
def test_the_head_decides_what_the_recurrent_block_returns(head):
    blocks = OFF | {"recurrent": Recurrent(2, "gru", 3)}
    model = forecaster((5, 1), 2, **blocks, head=head)
    assert model.get_layer("forecast").input.shape == (None, 15 if head == "flatten" else 3)


def test_layer_names_are_stable():
    names = [[layer.name for layer in forecaster((8, 2), 3, **FULL).layers] for _ in range(2)]
    expected = "window conv_1_pad conv_1 recurrent_1 dense_1 dense_1_dropout forecast"
    assert names == [expected.split()] * 2


def test_the_same_seed_gives_the_same_weights():
    import keras

    weights = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        weights.append(np.concatenate([np.ravel(w) for w in forecaster((8, 2), 3, **FULL).weights]))
    assert np.array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_an_anchored_model_forecasts_the_change_from_the_last_reading():
    model = forecaster((5, 2), 3, **OFF, head="flatten")
    windows = _windows(4, 5, 2)
    expected = np.asarray(model(windows)) + windows[:, -1, 1:2]
    np.testing.assert_array_equal(anchored(model, target=1)(windows), expected)


def test_anchored_wraps_a_sequential_model():
    import keras

    layers = [keras.Input((5, 1)), keras.layers.Flatten(), keras.layers.Dense(2)]
    assert anchored(keras.Sequential(layers), target=0).output_shape == (None, 2)


@pytest.mark.parametrize("target", [-1, 2])
def test_anchored_requires_a_channel_of_the_window(target):
    with pytest.raises(ValueError, match=f"channel {target}, but the window has channels 0 to 1"):
        anchored(forecaster((5, 2), 1, **OFF, head="last"), target)


@pytest.mark.parametrize("wrap", [False, True])
def test_a_saved_model_gives_bit_identical_predictions(tmp_path, wrap):
    import keras

    model = forecaster((8, 2), 3, **FULL)
    model = anchored(model, target=1) if wrap else model
    windows = _windows(16, 8, 2)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    same = model.predict(windows, verbose=0) == loaded.predict(windows, verbose=0)
    assert same.all()


@pytest.mark.parametrize(
    ("input_shape", "horizon", "head", "text"),
    [
        ((0, 1), 1, "last", "task.window_size is 0"),
        ((5, 0), 1, "last", "the number of input channels is 0"),
        ((5, 1), 0, "last", "task.horizon is 0"),
        ((5, 1), 1, "flat", "model.head is 'flat'. Did you mean 'flatten'?"),
    ],
)
def test_the_error_for_an_invalid_argument_names_its_key(input_shape, horizon, head, text):
    with pytest.raises(ValueError, match="is") as error:
        forecaster(input_shape, horizon, **OFF, head=head)
    assert str(error.value).startswith(text)


def test_options_and_signature_are_read_without_importing_tensorflow():
    code = """
import sys, typing
import models, models.conv, models.recurrent, models.dense, models.forecaster, models.baselines
models.Conv(), models.Recurrent(), models.Dense()
assert typing.get_type_hints(models.forecaster.forecaster)["conv"] is models.Conv
heavy = {"tensorflow", "keras", "sklearn", "mlflow", "optuna", "search"} & set(sys.modules)
sys.exit(", ".join(heavy) or 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_relative_model_gets_changes_from_the_last_reading_and_unchanged_calendar_terms():
    import keras

    inputs = keras.Input((4, 3))
    flat = keras.Model(inputs, keras.layers.Flatten()(inputs))
    model = relative(flat, channels=2)
    window = np.arange(24, dtype="float32").reshape(2, 4, 3) ** 2
    expected = window.copy()
    expected[:, :, :2] -= window[:, -1:, :2]
    assert np.asarray(model(window)) == pytest.approx(expected.reshape(2, 12))
    shifted = window + np.array([5, -7, 0], dtype="float32")
    assert np.asarray(model(shifted)) == pytest.approx(expected.reshape(2, 12))
