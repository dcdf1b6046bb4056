import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.baselines import (
    Problem,
    baselines,
    drift,
    linear_ar,
    linear_ar_calendar,
    persistence,
    seasonal_naive,
)

NAMES = ["persistence", "seasonal_naive", "drift", "climatology"]
NAMES += ["linear_ar", "linear_ar_calendar", "ridge"]


def make_problem(values, *, train_stop, origins, unit="D", start="2001-01-01", **changes):
    values = np.asarray(values, float)
    count, _, code = unit.rpartition(" ")
    step = np.timedelta64(int(count or 1), code)
    timestamps = np.datetime64(start, code) + step * np.arange(len(values))
    fields = {
        "values": values,
        "observed": np.ones(len(values), bool),
        "timestamps": timestamps.astype("datetime64[s]"),
        "season": 7,
        "horizon": 1,
        "train_stop": train_stop,
        "origins": np.asarray(origins),
    }
    return Problem(**fields | changes)


def test_persistence_repeats_the_last_value():
    problem = make_problem([1, 2, 4, 8, 16, 32], train_stop=3, origins=[2, 3], horizon=2)
    assert persistence(problem).predictions.tolist() == [[4, 4], [8, 8]]


def test_seasonal_naive_repeats_the_last_season_beyond_one_season():
    problem = make_problem(range(12), train_stop=4, origins=[5], horizon=5, season=2)
    assert seasonal_naive(problem).predictions.tolist() == [[4, 5, 4, 5, 4]]


def test_seasonal_naive_is_persistence_before_the_first_full_season():
    problem = make_problem(range(12), train_stop=4, origins=[1, 6], horizon=2, season=4)
    assert seasonal_naive(problem).predictions.tolist() == [[1, 1], [3, 4]]


def test_drift_continues_with_the_mean_change_of_the_training_part():
    problem = make_problem([0, 5, 4, 6, 100, 7, 7, 7], train_stop=4, origins=[4], horizon=3)
    assert drift(problem).predictions.tolist() == [[102, 104, 106]]
    assert drift(problem).settings == {"change_per_step": 2.0}


def _autoregression(length, seed=0):
    rng = np.random.default_rng(seed)
    values = np.zeros(length)
    for step in range(3, length):
        values[step] = 1.5 * values[step - 1] - 0.9 * values[step - 3] + rng.normal()
    return values[3:]


def test_linear_ar_finds_the_recurrence_of_the_series():
    wave = 5 + np.sin(np.arange(400) * 2 * np.pi / 17) + np.cos(np.arange(400) * 2 * np.pi / 9)
    problem = make_problem(wave, train_stop=300, origins=range(299, 397), horizon=3)
    forecast = linear_ar(problem)
    np.testing.assert_allclose(forecast.predictions, wave[problem.targets], atol=0.05)


def test_calendar_terms_explain_what_lags_cannot():
    rng = np.random.default_rng(0)
    days = np.arange(6 * 365)
    values = 10 * np.sin(2 * np.pi * days / 365.25) + rng.normal(size=len(days))
    problem = make_problem(values, train_stop=1500, origins=range(1499, 2100))
    actual = values[problem.targets]
    plain, seasonal = (
        np.abs(forecast.predictions - actual).mean()
        for forecast in (linear_ar(problem), linear_ar_calendar(problem))
    )
    assert seasonal < plain
    assert seasonal < 0.85  # the noise alone has a mean absolute value of 0.80


def test_the_number_of_lags_is_chosen_on_the_tuning_problem():
    # Noise up to step 400, where many lags overfit; then a reading depends on that 60 steps ago.
    values = np.random.default_rng(0).normal(size=1000)
    for step in range(400, 1000):
        values[step] += 0.9 * values[step - 60]
    problem = make_problem(values, train_stop=900, origins=range(899, 999))
    early = make_problem(values, train_stop=250, origins=range(249, 399))
    assert linear_ar(problem).settings["lags"] >= 60
    assert linear_ar(problem, tune=early).settings["lags"] < 60


def test_lags_stay_within_the_series_and_leave_windows_to_fit():
    values = _autoregression(500)
    early = make_problem(values, train_stop=400, origins=[4, 450])
    assert linear_ar(early).settings["lags"] <= 5
    short = make_problem(values, train_stop=20, origins=range(19, 400))
    assert linear_ar(short).settings["lags"] <= 6


@pytest.mark.parametrize("horizon", [3, 4, 9])
def test_linear_baselines_are_left_out_without_a_training_window(horizon):
    problem = make_problem(range(20), train_stop=4, origins=[10], horizon=horizon)
    assert [forecast.name for forecast in baselines(problem)] == NAMES[:4]


def test_filled_steps_are_neither_fitted_nor_scored():
    values = _autoregression(500)
    observed = np.ones(len(values), bool)
    observed[[100, 101, 350, 440]] = False
    other = values.copy()
    other[440] = 1e6  # a target only: the origins end before it
    problems = [
        make_problem(v, train_stop=400, origins=range(399, 440), observed=observed)
        for v in (values, other)
    ]
    for one, two in zip(*map(baselines, problems), strict=True):
        assert np.array_equal(one.predictions, two.predictions)
        assert one.settings == two.settings


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99), horizon=st.integers(1, 9), origin=st.integers(80, 105))
def test_a_forecast_uses_no_reading_after_its_origin(seed, horizon, origin):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=120)
    changed = values.copy()
    changed[origin + 1 :] = rng.normal(size=119 - origin) * 100
    tune = make_problem(values, train_stop=50, origins=range(49, 70), horizon=horizon)
    before, after = (
        baselines(make_problem(v, train_stop=80, origins=[79, origin], horizon=horizon), tune=tune)
        for v in (values, changed)
    )
    assert [forecast.name for forecast in before] == NAMES
    for one, two in zip(before, after, strict=True):
        assert one.predictions.shape == (2, horizon)
        assert np.array_equal(one.predictions, two.predictions), one.name


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99), horizon=st.integers(1, 4))
def test_baselines_are_fitted_on_the_training_part_only(seed, horizon):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=120)
    changed = values.copy()
    changed[80:] = rng.normal(size=40) * 100
    tune = make_problem(values, train_stop=50, origins=range(49, 70), horizon=horizon)
    # Up to the last training step, both series are equal, so the forecasts must be equal too.
    before, after = (
        baselines(make_problem(v, train_stop=80, origins=[79], horizon=horizon), tune=tune)
        for v in (values, changed)
    )
    for one, two in zip(before, after, strict=True):
        assert np.array_equal(one.predictions, two.predictions), one.name
        assert one.settings == two.settings


@pytest.mark.parametrize("unit", ["15 m", "h", "5 h", "D", "7 D", "M", "3 M", "Y"])
@pytest.mark.parametrize("season", [1, 7, 168])
@pytest.mark.parametrize("horizon", [1, 10])
def test_series_of_any_frequency_are_forecast(unit, season, horizon):
    values = _autoregression(120)
    problem = make_problem(
        values, train_stop=90, origins=range(89, 105), unit=unit, season=season, horizon=horizon
    )
    forecasts = baselines(problem)
    assert [forecast.name for forecast in forecasts] == NAMES
    for forecast in forecasts:
        assert forecast.predictions.shape == (16, horizon)
        assert forecast.predictions.dtype == np.float64
        assert np.isfinite(forecast.predictions).all()


def test_a_constant_series_has_a_constant_forecast():
    problem = make_problem(np.full(100, 0.1), train_stop=80, origins=range(79, 99))
    for forecast in baselines(problem):
        np.testing.assert_allclose(forecast.predictions, 0.1, rtol=1e-9)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"origins": [9]}, "There must be at least one origin, each from 0 to 8."),
        ({"origins": [-1]}, "There must be at least one origin, each from 0 to 8."),
        ({"origins": []}, "There must be at least one origin, each from 0 to 8."),
        ({"train_stop": 1}, "train_stop is 1: it must be from 2 to 10."),
        ({"train_stop": 11}, "train_stop is 11: it must be from 2 to 10."),
        ({"season": 0}, "season is 0 and horizon is 1: both must be at least 1."),
        ({"values": [0, 1, np.nan, 3, 4, 5, 6, 7, 8, 9]}, "The values must be finite"),
        ({"observed": np.zeros(10, bool)}, "The training part has no readings."),
        ({"observed": np.ones(9, bool)}, "values, observed and timestamps must have"),
    ],
)
def test_an_inconsistent_problem_is_rejected(changes, text):
    options = {"values": range(10), "train_stop": 5, "origins": [4]} | changes
    with pytest.raises(ValueError, match=r"must|no readings") as error:
        make_problem(options.pop("values"), **options)
    assert str(error.value).startswith(text)
