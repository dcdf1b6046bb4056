import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datasets import DatasetError
from datasets.transform import SCALERS, calendar_features, fit_scaler

TABLES = arrays(
    np.float64, st.tuples(st.integers(1, 20), st.integers(1, 3)), elements=st.floats(-1e6, 1e6)
)


def days(start, stop):
    return np.arange(start, stop, dtype="datetime64[D]").astype("datetime64[s]")


@given(st.sampled_from(SCALERS), TABLES)
def test_scaling_can_be_inverted(kind, values):
    scaler = fit_scaler(kind, values)
    assert (scaler.scale > 0).all()
    scaled = scaler.apply(values)
    assert np.isfinite(scaled).all()
    for channel in range(values.shape[1]):
        back = scaler.invert_target(scaled[:, channel], channel)
        # Scaling there and back rounds numbers of up to 1e6 twice.
        assert np.allclose(back, values[:, channel], rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize(
    ("kind", "center", "scale"),
    [
        ("standard", 4.0, np.std([1, 2, 3, 10])),
        ("minmax", 1.0, 9.0),
        ("robust", 2.5, 4.75 - 1.75),
        ("none", 0.0, 1.0),
    ],
)
def test_center_and_scale_ignore_missing_readings(kind, center, scale):
    values = np.array([[1.0, 0], [2, 0], [3, 0], [np.nan, 0], [10, 0]])
    scaler = fit_scaler(kind, values)
    assert scaler.center[0] == pytest.approx(center)
    assert scaler.scale.tolist() == [pytest.approx(scale), 1.0]


def test_rounding_errors_of_equal_readings_are_not_scaled_up():
    values = np.full((7, 1), 0.1)
    assert np.std(values) > 0
    assert fit_scaler("standard", values).scale[0] == 1


def test_readings_with_equal_quartiles_are_scaled_by_their_standard_deviation():
    rain = np.array([[0.0]] * 9 + [[10.0]])
    assert fit_scaler("robust", rain).scale[0] == pytest.approx(3)


def test_bad_scalers_are_rejected():
    with pytest.raises(DatasetError, match="did you mean 'standard'"):
        fit_scaler("standart", np.ones((2, 1)))
    with pytest.raises(DatasetError, match="no reading in the training part"):
        fit_scaler("minmax", np.array([[1, np.nan], [2, np.nan]]))


def test_calendar_terms_follow_the_date_in_leap_years_too():
    times = days("2019-01-01", "2025-01-01")
    features = calendar_features(times, 2)
    assert features.shape == (len(times), 4)
    new_years = times == times.astype("datetime64[Y]")
    assert np.allclose(features[new_years], [0, 0, 1, 1])
    middle = {2019: 182.5 / 365, 2020: 183 / 366}
    for year, place in middle.items():
        noon = np.array([np.datetime64(f"{year}-07-02T12:00" if year == 2019 else "2020-07-02")])
        expected = [f(2 * np.pi * place * k) for f in (np.sin, np.cos) for k in (1, 2)]
        assert np.allclose(calendar_features(noon.astype("datetime64[s]"), 2), [expected])


def test_calendar_terms_do_not_depend_on_the_other_steps():
    times = days("2019-01-01", "2020-06-01")
    assert np.array_equal(calendar_features(times, 3)[100:], calendar_features(times[100:], 3))


def test_hourly_steps_also_get_terms_for_the_time_of_day():
    times = np.arange("2020-01-01T00", "2020-01-03T00", dtype="datetime64[h]")
    features = calendar_features(times.astype("datetime64[s]"), 1)
    assert features.shape == (48, 4)
    assert np.allclose(features[[0, 6, 12, 24], 2], [0, 1, 0, 0])
    assert np.allclose(features[[0, 6, 12, 24], 3], [1, 0, -1, 1])


def test_zero_pairs_give_no_features():
    assert calendar_features(days("2020-01-01", "2020-01-05"), 0).shape == (4, 0)
    with pytest.raises(DatasetError, match=r"transform\.calendar is -1"):
        calendar_features(days("2020-01-01", "2020-01-05"), -1)
