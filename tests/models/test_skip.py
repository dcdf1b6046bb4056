import keras
import numpy as np
import pytest

from models.conv import Conv
from models.dense import Dense
from models.forecaster import forecaster
from models.linear_start import fit_windows, start_at
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


def test_true_is_the_former_name_of_trained():
    ours, former = (built(skip=name).get_weights() for name in ("trained", True))
    assert all((a == b).all() for a, b in zip(ours, former, strict=True))


@pytest.mark.parametrize("value", [1, "rige", None])
def test_skip_must_be_known(value):
    with pytest.raises(ValueError, match=rf"model\.skip is {value!r}"):
        built(skip=value)


@pytest.mark.parametrize("value", [-0.1, float("nan"), True])
def test_shrinkage_must_be_a_number_of_at_least_zero(value):
    with pytest.raises(ValueError, match=r"model\.shrinkage"):
        built(shrinkage=value)


def test_the_map_of_ridge_is_trained_only_on_request():
    model = built(skip="ridge")
    assert {layer.name for layer in model.layers if not layer.trainable} == {"skip"}
    assert len(model.trainable_variables) == len(built().trainable_variables)
    assert all(layer.trainable for layer in built(skip="ridge", ridge_trainable=True).layers)


def test_shrinkage_penalises_the_output_layer():
    model = built(shrinkage=0.5)
    kernel, _ = model.get_layer("forecast").get_weights()
    assert float(sum(model.losses)) == pytest.approx(0.5 * (kernel**2).sum(), rel=1e-5)


def test_a_model_starts_at_the_ridge_regression_of_its_windows():
    """A linear target is forecast at once, from the channels and the last calendar terms."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, 6, 3)).astype("float32")
    kernel = rng.normal(size=(6, 3, 2))
    kernel[:-1, 2:] = 0.0  # earlier calendar terms add nothing
    y = (x.reshape(400, 18) @ kernel.reshape(18, 2) + 1.5).astype("float32")
    blocks = {"conv": Conv(), "recurrent": Recurrent(layers=1, units=3), "dense": Dense(layers=0)}
    model = forecaster((6, 3), 2, **blocks, head="last", skip="ridge")
    linear = fit_windows(x, y, channels=2)
    start_at(model, linear)
    assert np.asarray(model(x)) == pytest.approx(y, abs=1e-3)
    assert np.asarray(model(x)) == pytest.approx(linear.apply(x.reshape(400, 18)), abs=1e-4)
