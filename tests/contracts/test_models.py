"""Every model in conf/model meets the contract of a builder and can be trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import conf
from search.config.signatures import call_builder
from search.config.validation import validated
from search.trial.data import load_series
from search.trial.labels import label
from search.trial.trial import Plan, run_trial

MODELS = sorted(path.stem for path in (Path(conf.__file__).parent / "model").glob("*.yaml"))


@pytest.fixture(scope="module", params=MODELS)
def config(request: pytest.FixtureRequest, composed: Callable[..., Any], short: Any) -> Any:
    return validated(composed(f"model={request.param}", *short))


def built(config: Any, input_shape: tuple[int, int], horizon: int) -> Any:
    import keras

    keras.utils.set_random_seed(3)
    return call_builder("model", config.model, input_shape=input_shape, horizon=horizon)


@pytest.mark.parametrize(("window", "features", "horizon"), [(24, 1, 1), (9, 3, 4), (1, 2, 1)])
def test_it_maps_windows_to_forecasts(
    config: Any, window: int, features: int, horizon: int
) -> None:
    model = built(config, (window, features), horizon)
    assert tuple(model.input_shape) == (None, window, features)
    assert tuple(model.output_shape) == (None, horizon)
    x = np.random.default_rng(0).normal(size=(5, window, features)).astype("float32")
    forecast = np.asarray(model(x))
    assert np.isfinite(forecast).all()
    # A forecast depends on its own window only.
    assert np.asarray(model(x[2:3])) == pytest.approx(forecast[2:3], abs=1e-5)


def test_its_weights_depend_on_the_global_seed(config: Any) -> None:
    first, second = (built(config, (6, 1), 1).get_weights() for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert sum(weights.size for weights in first) > 0


def test_it_can_be_trained(config: Any) -> None:
    """The model is compiled, as in a user's study."""
    plan = Plan(
        number=0,
        config=config.plain(),
        point={},
        seed=5,
        digest=load_series(config.dataset).digest,
        baselines=(("persistence", np.zeros((30, 1))),),
        baseline_mae=1.0,
        prunable=False,
        title="trial",
    )
    result = run_trial(plan, lambda _: None)
    assert (result.state, result.reason) == ("complete", "")
    assert np.isfinite(result.metrics(1.0)["validation/mae"])
    assert result.model.startswith(b"PK")  # a .keras file is a zip archive


def test_its_trials_have_a_name(config: Any) -> None:
    assert label(config.plain()).endswith("w8 · adam")
