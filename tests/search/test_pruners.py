"""Pruners: when they stop a trial, and that a restored one decides as one that saw it all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.errors import BadInput
from search.pruners import Pruner, median, none

EPOCHS = 6
curves = st.lists(
    st.lists(st.integers(1, 9).map(float), min_size=1, max_size=EPOCHS), min_size=1, max_size=8
)


def run(pruner: Pruner, number: int, curve: list[float]) -> int | None:
    """Runs a trial to its end or to where it is stopped; returns that step."""
    pruner.start(number)
    for step, score in enumerate(curve):
        if pruner.should_stop(number, step, score):
            pruner.end(number, "pruned", score)
            return step
    pruner.end(number, "complete", curve[-1])
    return None


@given(curves)
def test_none_stops_nothing(trials: list[list[float]]) -> None:
    pruner = none()
    assert not pruner.active
    assert [run(pruner, number, curve) for number, curve in enumerate(trials)] == [None] * len(
        trials
    )


def test_the_median_stops_what_is_worse_than_half_of_the_trials_after_its_warmup() -> None:
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


def test_failed_trials_are_no_example() -> None:
    pruner = median(n_startup_trials=1, warmup=0)
    pruner.start(0)
    pruner.should_stop(0, 0, 1.0)
    pruner.end(0, "failed", None)
    assert run(pruner, 1, [9.0] * EPOCHS) is None


def test_trials_that_run_side_by_side_are_kept_apart() -> None:
    pruner = median(n_startup_trials=1, warmup=0)
    run(pruner, 0, [2.0] * EPOCHS)
    pruner.start(1)
    pruner.start(2)
    assert pruner.should_stop(2, 0, 9.0)
    assert not pruner.should_stop(1, 0, 1.0)
    pruner.end(2, "pruned", 9.0)
    assert not pruner.should_stop(1, 1, 1.0)
    pruner.end(1, "complete", 1.0)


@settings(deadline=None)
@given(curves, curves, st.integers(0, 3), st.integers(0, 3))
def test_a_restored_pruner_decides_as_before(
    past: list[list[float]], future: list[list[float]], startup: int, warmup: int
) -> None:
    lived = median(n_startup_trials=startup, warmup=warmup)
    restored = median(n_startup_trials=startup, warmup=warmup)
    for number, curve in enumerate(past):
        stop = run(lived, number, curve)
        seen = dict(enumerate(curve[: None if stop is None else stop + 1]))
        state = "complete" if stop is None else "pruned"
        restored.restore(state, seen[max(seen)], seen)
    for number, curve in enumerate(future, start=len(past)):
        assert run(restored, number, curve) == run(lived, number, curve)


@pytest.mark.parametrize("option", ["n_startup_trials", "warmup"])
def test_options_below_zero_are_bad_input(option: str) -> None:
    with pytest.raises(BadInput, match=rf"^pruner\.{option} is -1: expected a number of at least"):
        median(**{option: -1})
