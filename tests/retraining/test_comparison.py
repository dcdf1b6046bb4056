"""The comparison of recorded and reproduced values in `reproduce`."""

from math import inf, nan

import pytest

from search.retraining.comparison import compare, compare_hashes, scores_of


@pytest.mark.parametrize(
    ("recorded", "now", "differing", "largest"),
    [
        ({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 2.0}, 0, 0.0),
        ({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 2.5}, 1, 0.5),
        ({"a": 1.0}, {}, 1, inf),
        ({}, {"a": 1.0}, 1, inf),
        ({}, {}, 0, 0.0),
    ],
)
def test_values_are_compared_by_name_and_difference(
    recorded: dict[str, float], now: dict[str, float], differing: int, largest: float
) -> None:
    found = compare("scores", recorded, now)
    assert (found.differing, found.largest) == (differing, largest)
    assert found.same(0.0) is (differing == 0)
    assert found.same(0.5) is (largest <= 0.5)


def test_scores_that_are_not_finite_or_derived_are_left_out() -> None:
    """For example the MASE of a series that is shorter than its season, and scores of folds."""
    now = {
        "validation/mae": 1.0,
        "validation/mase": nan,
        "validation/skill_low": 0.1,
        "validation/averaged_mae": 0.9,
        "validation/fold_0/mae": 1.0,
        "epochs": 3.0,
    }
    assert scores_of(now) == {"validation/mae": 1.0}


def test_only_recorded_hashes_are_compared() -> None:
    found = compare_hashes("weights", {"weights": {"a": "1", "b": "2"}}, {"weights": {"a": "1"}})
    assert (found.count, found.differing, found.same(0.0), found.same(1e-9)) == (2, 1, False, True)
    assert compare_hashes("weights", {}, {"weights": {"a": "1"}}).same(0.0)
