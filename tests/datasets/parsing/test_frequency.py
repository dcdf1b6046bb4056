import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import DatasetError
from datasets.parsing.frequency import (
    check_length,
    grid,
    infer_frequency,
    steps_after,
    steps_between,
)

FREQUENCIES = [
    *("YS-JAN", "YS-APR", "YE-DEC", "QS-JAN", "QS-FEB", "QE-DEC", "QE-JAN", "MS", "ME", "2MS"),
    *("W-MON", "W-SUN", "D", "2D", "B", "h", "6h", "min", "15min", "s", "10s"),
]


def stamps(frequency, steps=40, start="1995-03-04"):
    return pd.date_range(start, periods=steps, freq=frequency).to_numpy("datetime64[s]")


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_the_frequency_of_a_regular_series_is_recognised(frequency):
    times = stamps(frequency)
    assert infer_frequency(times) == frequency
    assert np.array_equal(grid(times[0], times[-1], frequency), times)


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_steps_are_counted_and_continued(frequency):
    times = stamps(frequency)
    assert steps_between(times[3], times[33], frequency) == 30
    assert steps_between(times[33], times[3], frequency) == -30
    assert steps_between(times[3], times[3], frequency) == 0
    assert np.array_equal(steps_after(times[33], frequency, 6), times[34:])


@given(
    frequency=st.sampled_from(FREQUENCIES),
    absent=st.sets(st.integers(1, 38), max_size=10),
)
def test_absent_steps_do_not_change_the_frequency(frequency, absent):
    times = np.delete(stamps(frequency), sorted(absent))
    steps = np.diff(np.delete(np.arange(40), sorted(absent)))
    if (steps == 1).sum() > len(steps) / 2:
        assert infer_frequency(times) == frequency


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["2020-01-01"], "two readings"),
        (["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04T12:00"], "2020-01-04 12:00:00"),
        (["2020-01-15", "2020-02-15", "2020-03-15", "2020-04-15"], "irregular"),
    ],
)
def test_irregular_times_are_rejected(times, message):
    with pytest.raises(DatasetError, match=message):
        infer_frequency(np.array(times, dtype="datetime64[s]"))


@pytest.mark.parametrize("frequency", ["", "H", "M", "daily", "-1D", "0D", "500ms"])
def test_an_invalid_frequency_is_rejected(frequency):
    with pytest.raises(DatasetError, match=r"dataset\.frequency"):
        grid(np.datetime64("2020-01-01", "s"), np.datetime64("2020-01-02", "s"), frequency)


def test_a_frequency_far_finer_than_the_readings_is_rejected():
    with pytest.raises(DatasetError, match="3369601 steps"):
        check_length(stamps("D"), "s")
