"""Pruners: when they stop a trial, and that a restored pruner makes the same decisions."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.errors import BadInput
from search.pruners import (
    Pruner,
    hyperband,
    median,
    none,
    patient,
    percentile,
    successive_halving,
    threshold,
)

EPOCHS = 6
curves = st.lists(
    st.lists(st.integers(1, 9).map(float), min_size=1, max_size=EPOCHS), min_size=1, max_size=8
)


def run(pruner: Pruner, number: int, curve: list[float]) -> int | None:
    """Runs a trial; returns the step at which it is stopped, or None if it completes."""
    pruner.start(number)
    for step, score in enumerate(curve):
        if pruner.should_stop(number, step, score):
            pruner.end(number, "pruned", score)
            return step
    pruner.end(number, "complete", curve[-1])
    return None


@given(curves)
def test_none_stops_no_trial(trials: list[list[float]]) -> None:
    pruner = none()
    assert not pruner.active
    assert [run(pruner, number, curve) for number, curve in enumerate(trials)] == [None] * len(
        trials
    )


def test_median_stops_trials_that_are_worse_than_the_median_after_the_warmup() -> None:
    pruner = median(n_startup_trials=3, warmup=2)
    assert pruner.active
    for number, level in enumerate((1.0, 2.0, 3.0)):
        assert run(pruner, number, [level] * EPOCHS) is None
    assert run(pruner, 3, [9.0] * EPOCHS) == 2
    assert run(pruner, 4, [1.5] * EPOCHS) is None
    assert run(pruner, 5, [9.0, 9.0, 1.0, 1.0]) is None


def test_the_first_trials_are_never_stopped() -> None:
    pruner = median(n_startup_trials=3, warmup=0)
    stops = [run(pruner, number, [level] * EPOCHS) for number, level in enumerate((1.0, 5.0, 9.0))]
    assert stops == [None, None, None]
    assert run(pruner, 3, [9.0] * EPOCHS) == 0


def test_trials_are_checked_only_at_the_interval() -> None:
    for interval, stop in ((1, 1), (2, None)):
        pruner = median(n_startup_trials=1, warmup=0, interval=interval)
        run(pruner, 0, [2.0, 1.0, 1.0, 1.0])
        assert run(pruner, 1, [2.0, 2.0, 0.5, 0.5]) == stop


def test_failed_trials_are_ignored() -> None:
    pruner = median(n_startup_trials=1, warmup=0)
    pruner.start(0)
    pruner.should_stop(0, 0, 1.0)
    pruner.end(0, "failed", None)
    assert run(pruner, 1, [9.0] * EPOCHS) is None


def test_parallel_trials_are_kept_apart() -> None:
    pruner = median(n_startup_trials=1, warmup=0)
    run(pruner, 0, [2.0] * EPOCHS)
    pruner.start(1)
    pruner.start(2)
    assert pruner.should_stop(2, 0, 9.0)
    assert not pruner.should_stop(1, 0, 1.0)
    pruner.end(2, "pruned", 9.0)
    assert not pruner.should_stop(1, 1, 1.0)
    pruner.end(1, "complete", 1.0)


built = st.one_of(
    st.builds(
        partial(partial, median), n_startup_trials=st.integers(0, 3), warmup=st.integers(0, 3)
    ),
    st.builds(
        partial(partial, percentile),
        percentile=st.floats(0, 100),
        n_startup_trials=st.integers(0, 3),
        warmup=st.integers(0, 3),
    ),
    st.builds(
        partial(partial, successive_halving),
        reduction_factor=st.integers(2, 4),
        warmup=st.integers(1, 3),
        min_early_stopping_rate=st.integers(0, 1),
    ),
    st.builds(
        partial(partial, hyperband), reduction_factor=st.integers(2, 4), warmup=st.integers(1, 3)
    ),
    st.builds(
        partial(partial, patient),
        patience=st.integers(0, 3),
        percentile=st.none() | st.floats(0, 100),
        n_startup_trials=st.integers(0, 2),
        warmup=st.integers(0, 2),
    ),
    st.builds(partial(partial, threshold), upper=st.floats(0, 9), warmup=st.integers(0, 3)),
)


@settings(deadline=None)
@given(built, curves, curves)
def test_a_restored_pruner_makes_the_same_decisions(
    build: Callable[[], Pruner], past: list[list[float]], future: list[list[float]]
) -> None:
    original, restored = build(), build()
    for number, curve in enumerate(past):
        stop = run(original, number, curve)
        seen = dict(enumerate(curve[: None if stop is None else stop + 1]))
        state = "complete" if stop is None else "pruned"
        restored.restore(number, state, seen[max(seen)], seen)
    for number, curve in enumerate(future, start=len(past)):
        assert run(restored, number, curve) == run(original, number, curve)


def test_successive_halving_continues_one_in_reduction_factor_trials() -> None:
    pruner = successive_halving(reduction_factor=2, warmup=2)
    stops = [run(pruner, number, [float(9 - number)] * EPOCHS) for number in range(4)]
    assert stops == [None] * 4  # each is the best so far
    assert [run(pruner, number, [9.0] * EPOCHS) for number in (4, 5)] == [2, 2]
    # The third best of seven reaches the next rung, where it is the third best of five.
    assert run(pruner, 6, [7.5] * EPOCHS) == 4


def test_patient_waits_before_it_stops_a_trial_that_has_become_worse() -> None:
    pruner = patient(patience=1, percentile=None)
    assert run(pruner, 0, [6.0, 5.0, 5.0, 5.0, 4.0, 9.0]) is None
    assert run(pruner, 1, [6.0, 5.0, 7.0, 7.0, 7.0]) == 3
    agreeing = patient(patience=1, n_startup_trials=1, warmup=0)
    assert run(agreeing, 0, [5.0] * EPOCHS) is None
    assert run(agreeing, 1, [3.0, 4.0, 4.0, 4.0]) is None  # worse than before, but the best
    assert run(agreeing, 2, [8.0, 9.0, 9.0, 9.0]) == 2


def test_a_threshold_is_in_the_units_of_the_series() -> None:
    pruner = threshold(upper=5.0, warmup=1)
    assert run(pruner, 0, [9.0, 5.0, 5.0]) is None
    assert run(pruner, 1, [1.0, 5.1, 1.0]) == 1


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (percentile, {"percentile": 101.0}),
        (successive_halving, {"reduction_factor": 1}),
        (successive_halving, {"warmup": 0}),
        (hyperband, {"reduction_factor": 1}),
        (patient, {"min_delta": -0.1}),
        (threshold, {"upper": float("nan")}),
    ],
)
def test_options_out_of_range_are_bad_input(
    build: Callable[..., Pruner], options: dict[str, float]
) -> None:
    (name,) = options
    with pytest.raises(BadInput, match=rf"^pruner\.{name} is .*: expected a number"):
        build(**options)


@pytest.mark.parametrize("option", ["n_startup_trials", "warmup"])
def test_negative_options_are_bad_input(option: str) -> None:
    with pytest.raises(BadInput, match=rf"^pruner\.{option} is -1: expected a number of at least"):
        median(**{option: -1})
