"""Contract of every rule of an ensemble: what it is scored on changes nothing that is fitted."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.combination import Combination
from search.ensembles.rules import RULES
from search.ensembles.selection import held_out, select

Array = NDArray[np.float64]
EACH = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


def candidates(seed: int, count: int, origins: int, horizon: int) -> tuple[Array, Array]:
    """Returns readings [N, H] and forecasts [M, N, H] with errors of different sizes."""
    rng = np.random.default_rng(seed)
    steps = np.arange(origins)[:, None] + np.arange(horizon)
    actual = np.sin(steps / 3.0) + 0.1 * rng.normal(size=steps.shape)
    sizes = rng.uniform(0.1, 1.0, size=(count, 1, 1))
    return actual, actual + sizes * rng.normal(size=(count, *actual.shape))


@EACH
@given(seed=st.integers(0, 1000), count=st.integers(1, 12), targets=st.integers(1, 40))
@settings(max_examples=25, deadline=None)
def test_weights_are_shares(rule: Any, seed: int, count: int, targets: int) -> None:
    actual, forecasts = candidates(seed, count, targets, 1)
    made = rule(forecasts[:, :, 0], actual[:, 0])
    assert made.weights.shape == (count,)
    assert (made.weights >= 0).all()
    assert made.weights.sum() == pytest.approx(1)
    combined = made.combine(forecasts)
    members = forecasts[made.members]
    assert combined.shape == actual.shape
    assert (combined >= members.min(axis=0) - 1e-9).all()
    assert (combined <= members.max(axis=0) + 1e-9).all()


@EACH
def test_the_order_of_the_candidates_does_not_matter(rule: Any) -> None:
    actual, forecasts = candidates(3, 9, 50, 1)
    order = np.random.default_rng(1).permutation(9)
    made = rule(forecasts[:, :, 0], actual[:, 0])
    again = rule(forecasts[order, :, 0], actual[:, 0])
    assert again.weights == pytest.approx(made.weights[order])


def test_greedy_selection_is_at_least_as_good_as_the_best_candidate_where_it_is_fitted() -> None:
    for seed in range(20):
        actual, forecasts = candidates(seed, 8, 60, 1)
        errors = np.abs(forecasts - actual).mean(axis=(1, 2))
        made = RULES["greedy selection"](forecasts[:, :, 0], actual[:, 0])
        assert np.abs(made.combine(forecasts) - actual).mean() <= errors.min() + 1e-12


@EACH
@pytest.mark.parametrize("horizon", [1, 5])
def test_poisoned_targets_do_not_change_their_own_forecast(
    rule: Callable[[Array, Array], Combination], horizon: int
) -> None:
    actual, forecasts = candidates(7, 6, 60, horizon)
    blocks = [(0, slice(0, 20)), (0, slice(20, 40)), (0, slice(40, 60))]
    (clean,) = held_out(rule, [forecasts], [actual], blocks)
    for _, block in blocks:
        poisoned = actual.copy()
        # Every reading that is a target of the block, also where a neighbouring origin has it.
        steps = np.arange(60)[:, None] + np.arange(horizon)
        poisoned[np.isin(steps, steps[block])] = 1e9
        (made,) = held_out(rule, [forecasts], [poisoned], blocks)
        assert (made[block] == clean[block]).all()


def test_a_clearly_best_candidate_is_not_diluted() -> None:
    rng = np.random.default_rng(0)
    actual = rng.normal(size=(200, 1))
    sizes = np.array([0.01, 1.0, 1.0, 1.0, 1.0, 1.0])[:, None, None]
    forecasts = actual + sizes * rng.normal(size=(6, 200, 1))
    made = select([forecasts], [actual])
    assert made.combination.members[0] == 0
    assert made.combination.weights[0] > 0.9


def test_equally_good_candidates_are_averaged() -> None:
    """Independent errors cancel out in a mean."""
    rng = np.random.default_rng(0)
    actual = rng.normal(size=(120, 1))
    forecasts = actual + rng.normal(size=(10, 120, 1))
    made = select([forecasts], [actual])
    assert len(made.combination.members) > 3
    assert made.errors[made.rule] < 0.5 * np.abs(forecasts - actual).mean()
    assert [fold.shape for fold in made.forecasts] == [(120, 1)]


def test_the_cautious_rule_is_kept_unless_another_is_clearly_better() -> None:
    """Alike candidates leave nothing to gain, whatever the luck of a few targets suggests."""
    rng = np.random.default_rng(0)
    actual = rng.normal(size=(30, 1))
    common = rng.normal(size=(1, 30, 1))
    forecasts = actual + common + 0.3 * rng.normal(size=(10, 30, 1))
    made = select([forecasts], [actual])
    assert made.rule == "weights by inverse errors"
    assert min(made.errors.values()) < made.errors[made.rule]


def test_missing_readings_are_not_fitted() -> None:
    actual, forecasts = candidates(5, 6, 60, 1)
    whole = [forecasts[:, :50]], [actual[:50]]
    gappy = actual.copy()
    gappy[50:] = np.nan
    assert (
        RULES["greedy selection"](*(part[0][..., 0] for part in whole)).weights
        == select([forecasts], [gappy]).combination.weights
    ).all() or select([forecasts], [gappy]).rule != "greedy selection"
    assert np.isfinite(list(select([forecasts], [gappy]).errors.values())).all()


def test_folds_are_scored_alike() -> None:
    """The error of a rule is the mean over the folds, as that of a trial is."""
    one, two = candidates(1, 5, 30, 2), candidates(2, 5, 50, 2)
    made = select([one[1], two[1]], [one[0], two[0]])
    maes = [np.abs(f - a).mean() for f, a in zip(made.forecasts, (one[0], two[0]), strict=True)]
    assert made.errors[made.rule] == pytest.approx(np.mean(maes))


def test_a_single_target_is_too_few() -> None:
    actual, forecasts = candidates(1, 3, 1, 1)
    with pytest.raises(ValueError, match="too few"):
        select([forecasts], [actual])
