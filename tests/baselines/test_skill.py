"""Confidence intervals of the skill, and how they follow a baseline that arrives later."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from search.baselines.scoring import Baseline
from search.baselines.skill import SkillIntervals, skill_ends
from search.trial.result import Execution, Result
from search.trial.scores import losses, paired_interval

Array = NDArray[np.float64]
LOW, HIGH = "validation/skill_low", "validation/skill_high"


def result(number: int, actual: Array, *forecasts: Array, state: str = "complete") -> Result:
    """Returns a result with one fold [N, H] and one seed per forecast."""
    executions = (Execution(0, i, (), actual, f, {}, 1.0) for i, f in enumerate(forecasts))
    return Result(number, state, executions=tuple(executions))


def baseline(name: str, actual: Array, forecast: Array) -> Baseline:
    mae = float(np.nanmean(np.abs(forecast - actual)))
    return Baseline(name, mae, {}, (forecast,), losses(actual, [forecast]), {})


@pytest.fixture
def arrays() -> tuple[Array, ...]:
    rng = np.random.default_rng(3)
    actual = rng.normal(size=(90, 2))
    actual[4] = np.nan
    return actual, *(actual.copy() + rng.normal(size=(3, 90, 2)))


def test_the_interval_of_a_trial_is_that_of_its_forecasts(arrays: tuple[Array, ...]) -> None:
    actual, first, second, other = arrays
    best = baseline("ridge", actual, other)
    found = SkillIntervals([best], lambda: False).of(result(0, actual, first, second))
    assert (found[LOW], found[HIGH]) == paired_interval(
        losses(actual, [first, second]), losses(actual, [other]), horizon=actual.shape[1]
    )
    assert skill_ends(result(0, actual, first, second), best) == found


def test_folds_are_resampled_as_one_series(arrays: tuple[Array, ...]) -> None:
    actual, first, _, other = arrays
    whole = result(0, actual, first)
    folds = [
        Execution(k, 0, (), actual[part], first[part], {}, 1.0)
        for k, part in enumerate((slice(0, 40), slice(40, None)))
    ]
    halves = replace(whole, executions=tuple(folds))
    best = baseline("ridge", actual, other)
    assert skill_ends(halves, best) == skill_ends(whole, best)


def test_a_better_baseline_updates_the_intervals_of_the_trials_before_it(
    arrays: tuple[Array, ...],
) -> None:
    actual, first, second, other = arrays
    theta = baseline("theta", actual, actual + (other - actual) / 4)
    baselines, expected = [baseline("ridge", actual, other)], [True]
    intervals = SkillIntervals(baselines, lambda: expected[0])
    before = intervals.of(result(0, actual, first))
    assert intervals.of(result(1, actual, first, state="pruned")) == {}
    assert intervals.updated() == {0: before}
    baselines.insert(0, theta)
    expected[0] = False
    after = intervals.of(result(2, actual, second))
    assert intervals.updated() == {0: skill_ends(result(0, actual, first), theta)}
    assert intervals.updated()[0][HIGH] < before[LOW]
    assert after == skill_ends(result(2, actual, second), theta)


def test_there_is_no_interval_against_a_perfect_baseline(arrays: tuple[Array, ...]) -> None:
    actual, first, *_ = arrays
    best = baseline("climatology", actual, np.nan_to_num(actual))
    assert skill_ends(result(0, actual, first), best) == {}


@given(
    st.lists(st.floats(0.1, 10), min_size=1, max_size=40),
    st.floats(0.1, 3),
    st.integers(1, 5),
)
def test_an_interval_of_proportional_losses_is_their_ratio(
    values: list[float], ratio: float, horizon: int
) -> None:
    theirs = np.array(values)
    low, high = paired_interval(ratio * theirs, theirs, horizon=horizon)
    assert (low, high) == pytest.approx((1 - ratio, 1 - ratio))


def test_a_trial_of_many_targets_has_the_same_interval_every_time() -> None:
    ours, theirs = np.random.default_rng(0).lognormal(size=(2, 5000))
    first = paired_interval(ours, theirs, horizon=1)
    paired_interval(ours[:50], theirs[:50], horizon=3)  # other blocks
    assert paired_interval(ours, theirs, horizon=1) == first
