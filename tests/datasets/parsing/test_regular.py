import numpy as np
import pytest

from datasets import DatasetError
from datasets.parsing.regular import regular_series

NAN = np.nan
DAYS = np.arange("2020-02-27", "2020-03-03", dtype="datetime64[D]")  # five


def test_absent_steps_become_missing_readings_and_the_ends_are_trimmed():
    made = regular_series(
        name="x",
        timestamps=DAYS[[0, 1, 3, 4]],
        values=[NAN, 2, 4, NAN],
        channels=("a",),
    )
    assert made.frequency == "D"
    assert np.array_equal(made.timestamps, DAYS[1:4])
    assert np.array_equal(made.values[:, 0], [2, NAN, 4], equal_nan=True)


def test_a_series_starts_where_every_channel_has_a_reading(caplog):
    made = regular_series(
        name="x",
        timestamps=DAYS,
        values=[[1, NAN], [2, 2], [NAN, 3], [4, NAN], [5, NAN]],
        channels=("a", "b"),
    )
    assert np.array_equal(made.values, [[2, 2], [NAN, 3], [4, NAN], [5, NAN]], equal_nan=True)
    assert "dropped readings of a before the first step with all inputs: 1" in caplog.text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": [NAN] * 5}, "no readings of 'a'"),
        ({"timestamps": DAYS[[0, 1, 1, 2, 3]]}, "2020-02-28 follows 2020-02-28"),
        ({"timestamps": DAYS[:1], "values": [1]}, "f.csv: a series needs at least two"),
        ({"frequency": "MS"}, "2020-02-27 is not a step of frequency 'MS'"),
        ({"frequency": "W-THU"}, "2020-02-28 is not a step"),
        (
            {"values": [[1, NAN], [NAN, 2], [3, NAN], [4, NAN], [5, NAN]], "channels": ("a", "b")},
            "no step has a reading of every channel",
        ),
    ],
)
def test_readings_that_form_no_series_are_rejected(changes, message):
    fields = {"name": "x", "timestamps": DAYS, "values": [1, 2, 3, 4, 5], "channels": ("a",)}
    with pytest.raises(DatasetError, match=message):
        regular_series(**(fields | {"source": "f.csv"} | changes))
