"""Intervals cover their stated share of the residuals, at each step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.serving.intervals import LEVELS, intervals


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 300), st.integers(1, 4), st.integers(0, 2**31))
def test_intervals_cover_at_least_their_share_of_the_residuals(
    count: int, horizon: int, seed: int
) -> None:
    residuals = np.random.default_rng(seed).gamma(2, size=(count, horizon)) - 1
    found = intervals([residuals])
    assert tuple(span.level for span in found) == LEVELS
    zero = np.zeros_like(residuals)
    for span in found:
        for step in range(horizon):
            covered = (residuals[:, step] >= span.lower[step]) & (
                residuals[:, step] <= span.upper[step]
            )
            assert covered.mean() >= span.level / 100
        assert span.covered(residuals, zero) >= span.level / 100
    narrow, wide = found
    assert (wide.lower <= narrow.lower).all()
    assert (wide.upper >= narrow.upper).all()


def test_intervals_cover_their_share_of_new_residuals() -> None:
    """Over many draws of 99 residuals, the next one is covered as often as stated."""
    draws = np.random.default_rng(1).normal(size=(4000, 100))
    for place, level in enumerate(LEVELS):
        covered = [
            intervals([draw[:99, None]])[place].covered(draw[99:, None], np.zeros((1, 1)))
            for draw in draws
        ]
        assert np.mean(covered) == pytest.approx(level / 100, abs=0.02)


def test_missing_readings_do_not_count_for_coverage() -> None:
    residuals = np.array([[1.0], [np.nan], [-1.0]])
    (span, _) = intervals([residuals])
    assert (span.lower[0], span.upper[0]) == (-1.0, 1.0)
    assert span.covered(np.array([[0.5], [np.nan], [3.0]]), np.zeros((3, 1))) == 0.5
