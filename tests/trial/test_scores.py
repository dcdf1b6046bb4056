"""Scores: worked examples, and properties that hold for every forecast."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from search.trial.scores import scores, seasonal_naive_error, skill

Array = NDArray[np.float64]
readings = st.integers(-(10**9), 10**9).map(lambda thousandths: thousandths / 1000)


@st.composite
def forecasts(draw: st.DrawFn) -> tuple[Array, Array]:
    """Draws actuals and forecasts [N, H]; the first actual is observed, others may be missing."""
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 3)))
    size = math.prod(shape)
    cells = st.lists(st.one_of(readings, st.just(math.nan)), min_size=size, max_size=size)
    actual = np.array(draw(cells)).reshape(shape)
    actual[0, 0] = draw(readings)
    forecast = np.array(draw(st.lists(readings, min_size=size, max_size=size))).reshape(shape)
    return actual, forecast


def test_scores_of_a_worked_example() -> None:
    actual = np.array([[1.0, 2.0], [3.0, np.nan]])
    forecast = np.array([[2.0, 2.0], [0.0, 99.0]])
    found = scores(actual, forecast, seasonal_error=2.0)
    assert found == {
        "mae": pytest.approx(4 / 3),
        "rmse": pytest.approx(math.sqrt(10 / 3)),
        "smape": pytest.approx(200 / 3 * (1 / 3 + 0 / 4 + 3 / 3)),
        "mase": pytest.approx(2 / 3),
        "step_1/mae": 2.0,
        "step_2/mae": 0.0,
    }


@given(forecasts())
def test_errors_are_ordered_and_bounded(pair: tuple[Array, Array]) -> None:
    actual, forecast = pair
    found = scores(actual, forecast, 1.0)
    largest = np.nanmax(np.abs(actual - forecast))
    assert 0 <= found["mae"] <= found["rmse"] * (1 + 1e-9)
    assert found["rmse"] <= largest * (1 + 1e-9)
    assert 0 <= found["smape"] <= 200 + 1e-9
    assert found["mase"] == found["mae"]


@given(forecasts(), readings)
def test_missing_readings_are_never_scored(pair: tuple[Array, Array], other: float) -> None:
    actual, forecast = pair
    elsewhere = np.where(np.isnan(actual), other, forecast)
    assert scores(actual, elsewhere, 1.0) == scores(actual, forecast, 1.0)


def test_a_perfect_forecast_of_zeros_has_no_error() -> None:
    zeros = np.zeros((2, 1))
    assert scores(zeros, zeros, 1.0) == {"mae": 0, "rmse": 0, "smape": 0, "mase": 0}


def test_the_seasonal_naive_error_compares_with_one_season_ago() -> None:
    training = np.array([1.0, 2.0, 3.0, 5.0, np.nan, 4.0])
    assert seasonal_naive_error(training, 2) == pytest.approx((2 + 3 + 1) / 3)


@pytest.mark.parametrize("training", [[1.0, 2.0], [1.0], [1.0, 2.0, np.nan, np.nan]])
def test_mase_is_nan_without_two_readings_one_season_apart(training: list[float]) -> None:
    error = seasonal_naive_error(np.array(training), 2)
    assert math.isnan(error)
    assert math.isnan(scores(np.ones((1, 1)), np.zeros((1, 1)), error)["mase"])


def test_mase_is_nan_for_a_constant_training_part() -> None:
    error = seasonal_naive_error(np.full(9, 3.0), 2)
    assert error == 0
    assert math.isnan(scores(np.ones((1, 1)), np.zeros((1, 1)), error)["mase"])


@pytest.mark.parametrize(("mae", "expected"), [(1.0, 0.5), (2.0, 0.0), (4.0, -1.0), (0.0, 1.0)])
def test_skill_is_positive_only_if_the_baseline_is_beaten(mae: float, expected: float) -> None:
    assert skill(mae, 2.0) == expected


def test_skill_is_nan_against_a_perfect_baseline() -> None:
    assert math.isnan(skill(0.0, 0.0))
