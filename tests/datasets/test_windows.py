import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datasets import DatasetError
from datasets.windows import cut, fill_forward

GAPPY = arrays(
    np.float64,
    st.tuples(st.integers(1, 30), st.integers(1, 3)),
    elements=st.one_of(st.just(np.nan), st.floats(-1e6, 1e6)),
)


def first_row_read(values):
    values[0] = np.nan_to_num(values[0])
    return values


def ramp(length, features=1):
    """Returns a series in which each value is its step."""
    steps = np.arange(length, dtype=np.float64)
    return np.repeat(steps[:, None], features, axis=1), steps, np.ones(length, dtype=bool)


@given(GAPPY.map(first_row_read))
def test_gaps_are_filled_with_the_last_reading_and_readings_are_kept(values):
    filled, observed = fill_forward(values)
    assert np.array_equal(observed, ~np.isnan(values))
    assert np.array_equal(filled[observed], values[observed])
    for step, channel in np.argwhere(~observed):
        assert filled[step, channel] == filled[step - 1, channel]


@given(GAPPY.map(first_row_read), st.data())
def test_filling_uses_only_the_past(values, data):
    stop = data.draw(st.integers(1, len(values)))
    changed = values.copy()
    changed[stop:] = data.draw(st.one_of(st.just(np.nan), st.floats(-1, 1)))
    assert np.array_equal(fill_forward(values)[0][:stop], fill_forward(changed)[0][:stop])
    assert np.array_equal(fill_forward(values)[0][:stop], fill_forward(values[:stop])[0])


def test_a_gap_at_the_start_is_rejected():
    with pytest.raises(DatasetError, match="channel 1 has no reading at the first step"):
        fill_forward(np.array([[1, np.nan], [2, 2]]))


@given(
    window_size=st.integers(1, 20),
    horizon=st.integers(1, 8),
    start=st.sampled_from([0, 20, 25]),
    extra=st.integers(0, 15),
)
def test_windows_contain_the_right_steps(window_size, horizon, start, extra):
    stop = start + (0 if start else window_size) + horizon + extra
    features, target, observed = ramp(65, features=2)
    observed[::7] = False
    windows = cut(
        features,
        target,
        observed,
        window_size=window_size,
        horizon=horizon,
        start=start,
        stop=stop,
    )
    count = extra + 1
    assert windows.x.shape == (count, window_size, 2)
    assert windows.y.shape == windows.scored.shape == (count, horizon)
    back = np.arange(1 - window_size, 1)
    ahead = windows.origins[:, None] + np.arange(1, horizon + 1)
    assert np.array_equal(windows.x[:, :, 1], windows.origins[:, None] + back)
    assert np.array_equal(windows.y, ahead)
    assert np.array_equal(windows.scored, ahead % 7 != 0)
    assert windows.y.min() >= start
    assert windows.y.max() == stop - 1


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 5))
def test_targets_are_the_same_for_every_window_size(one, other, horizon):
    features, target, observed = ramp(60)
    part = {"horizon": horizon, "start": 30, "stop": 50}
    first, second = (
        cut(features, target, observed, window_size=size, **part) for size in (one, other)
    )
    assert np.array_equal(first.origins, second.origins)
    assert np.array_equal(first.y, second.y)


@given(st.integers(0, 49))
def test_no_window_contains_its_target_or_later_steps(origin):
    features, target, observed = ramp(50)
    options = {"window_size": 5, "horizon": 2, "start": 10, "stop": 50}
    before = cut(features, target, observed, **options)
    features[origin + 1 :] = -1
    after = cut(features, target, observed, **options)
    seen = before.origins <= origin
    assert np.array_equal(before.x[seen], after.x[seen])


def test_windows_are_views():
    features = np.zeros((1000, 3), dtype=np.float32)
    target, observed = np.zeros(1000), np.ones(1000, dtype=bool)
    windows = cut(features, target, observed, window_size=60, horizon=4, start=100, stop=1000)
    assert windows.x.dtype == np.float32
    assert np.shares_memory(windows.x, features)
    assert np.shares_memory(windows.y, target)
    assert np.shares_memory(windows.scored, observed)
    assert not windows.x.flags.writeable


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window_size": 0}, r"task\.window_size=0"),
        ({"horizon": 0}, r"task\.horizon=0"),
        ({"start": -1}, "over steps -1"),
        ({"stop": 51}, "to 51 of 50"),
        ({"start": 30, "stop": 30}, "steps 30 to 30"),
        ({"start": 10, "window_size": 11}, "longer than the 10 steps before"),
        ({"window_size": 49, "horizon": 2}, "do not fit into 50 steps"),
        ({"start": 45, "horizon": 6}, "do not fit into 5 steps"),
    ],
)
def test_windows_that_do_not_fit_are_rejected(options, message):
    fitting = {"window_size": 5, "horizon": 1, "start": 0, "stop": 50}
    with pytest.raises(DatasetError, match=message) as caught:
        cut(*ramp(50), **(fitting | options))
    assert str(caught.value).count("\n") < 3


@pytest.mark.parametrize("array", [0, 1])
def test_values_that_are_not_finite_are_rejected(array):
    arrays_ = ramp(50)
    arrays_[array][20] = np.nan
    with pytest.raises(DatasetError, match="fill the gaps first"):
        cut(*arrays_, window_size=5, horizon=1, start=0, stop=50)


def test_arrays_of_different_length_are_rejected():
    features, target, observed = ramp(50)
    with pytest.raises(DatasetError, match="do not fit"):
        cut(features, target[1:], observed, window_size=5, horizon=1, start=0, stop=49)
