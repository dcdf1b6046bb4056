"""Contract of the textbook baselines: every builder that a preset of `baselines` names."""

from pathlib import Path

import numpy as np
import pytest
import yaml

import conf
from models.baselines import Problem
from search.config.signatures import call_builder
from tests.models.test_baselines import make_problem

FOLDER = Path(conf.__file__).parent / "baselines"
PRESETS = {
    name: options
    for path in sorted(FOLDER.glob("*.yaml"))
    for name, options in (yaml.safe_load(path.read_text("utf-8")) or {}).items()
    if name != "defaults"
}
# The methods warn of fits that do not converge and of constant series; their process ignores that.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]


def monthly(poisoned: int | None = None, **changes) -> Problem:
    """Returns eight years of months, the last two to forecast; huge from step `poisoned` on."""
    rng = np.random.default_rng(0)
    steps = np.arange(96)
    values = 10 + 5 * np.sin(steps * 2 * np.pi / 12) + np.sin(steps * 2 * np.pi / 4)
    values += rng.normal(0, 0.5, 96)
    if poisoned is not None:
        values[poisoned:] = 1e6
    fields = {"train_stop": 72, "origins": range(71, 90), "season": 12, "seasons": (12, 4)}
    return make_problem(values, unit="M", **fields | changes)


def forecast(name: str, problem: Problem, **changes):
    options = {key: value for key, value in PRESETS[name].items() if key != "time_limit"}
    return call_builder("baselines", options | changes, problem=problem)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("horizon", [1, 4])
def test_every_origin_is_forecast(name: str, horizon: int) -> None:
    problem = monthly(horizon=horizon)
    made = forecast(name, problem)
    assert made.name == name
    assert made.predictions.shape == (19, horizon)
    error = np.abs(made.predictions - problem.values[problem.targets]).mean()
    assert error < 1.5, "less than half of the error of repeating the last value"
    assert made.settings["fitted_steps"] == 72


@pytest.mark.parametrize("name", PRESETS)
def test_nothing_after_an_origin_or_the_training_part_is_used(name: str) -> None:
    clean, poisoned = forecast(name, monthly()), forecast(name, monthly(poisoned=80))
    np.testing.assert_array_equal(clean.predictions[:9], poisoned.predictions[:9])
    assert clean.settings == poisoned.settings


@pytest.mark.parametrize("name", PRESETS)
def test_only_the_longest_history_is_fitted(name: str) -> None:
    made = forecast(name, monthly(), longest_history=48)
    assert made.settings["fitted_steps"] == 48
    assert np.isfinite(made.predictions).all()


@pytest.mark.parametrize("name", PRESETS)
def test_a_constant_series_has_a_constant_forecast(name: str) -> None:
    problem = make_problem(
        np.full(60, 3.0), unit="M", train_stop=40, origins=range(40, 50), season=12, seasons=(12, 4)
    )
    np.testing.assert_allclose(forecast(name, problem).predictions, 3.0)


def test_mstl_needs_several_seasons() -> None:
    assert forecast("mstl", monthly(seasons=(12,))) is None
