from dataclasses import replace

import numpy as np
import pytest

from datasets import DatasetError, Series
from datasets.series import default_season

NAN = np.nan
DAYS = np.arange("2020-02-27", "2020-03-03", dtype="datetime64[D]")  # five


def series(values=((1,), (2,), (3,), (4,), (5,)), **changes):
    fields = {"name": "days", "values": values, "timestamps": DAYS, "channels": ("a",)}
    return Series(**(fields | changes))


def test_arrays_are_read_only_copies():
    values = np.ones((5, 1))
    made = series(values)
    values[0] = 7
    assert made.values[0, 0] == 1
    assert made.values.dtype == np.float64
    assert made.timestamps.dtype == "datetime64[s]"
    with pytest.raises(ValueError, match="read-only"):
        made.values[0] = 2


def test_missing_counts_only_the_target():
    two = series([[1, 1], [NAN, 2], [2, NAN], [3, NAN], [4, 5]], channels=("a", "b"))
    assert two.missing == 1
    assert replace(two, target=1).missing == 2


def test_the_digest_depends_on_the_readings_and_not_on_their_source():
    made = series([[1], [NAN], [0.0], [4], [5]])
    assert len(made.digest) == 64
    other_nan = np.array([0x7FF8000000000123], dtype="<u8").view("<f8")[0]
    same = series([[1], [other_nan], [-0.0], [4], [5]], name="x", source="file", unit="°C")
    assert made.digest == same.digest


@pytest.mark.parametrize(
    "changes",
    [
        {"values": np.array([[1.0], [2], [3], [4], [6]])},
        {"channels": ("b",)},
        {"timestamps": DAYS + 1},
        {"values": np.array([[1.0], [NAN], [3], [4], [5]])},
    ],
)
def test_a_different_series_has_a_different_digest(changes):
    assert series().digest != series(**changes).digest


def test_the_target_is_part_of_the_digest():
    made = series([[1, 2]] * 5, channels=("a", "b"))
    assert made.digest != replace(made, target=1).digest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": np.ones((4, 1))}, "shape"),
        ({"values": np.ones(5)}, "shape"),
        ({"channels": ()}, "shape"),
        ({"values": np.ones((5, 2)), "channels": ("a", "a")}, "same name"),
        ({"target": 1}, "target is 1"),
        ({"target": -1}, "target is -1"),
        ({"values": np.array([[1.0], [np.inf], [3], [4], [5]])}, "infinite"),
        ({"values": np.array([[NAN], [2], [3], [4], [5]])}, "missing at the first"),
        ({"values": np.array([[1], [2], [3], [4], [NAN]])}, "target's reading at the last"),
        ({"frequency": "h"}, "every step"),
        ({"frequency": "x"}, "not a valid frequency"),
        ({"timestamps": DAYS[::-1]}, "every step"),
        ({"timestamps": np.array(["NaT"] * 5, dtype="datetime64[s]")}, "every step"),
    ],
)
def test_inconsistent_fields_are_rejected(changes, message):
    with pytest.raises(DatasetError, match=message) as caught:
        series(**changes)
    assert str(caught.value).count("\n") < 3


@pytest.mark.parametrize(
    ("frequency", "season"),
    [
        *[("YS-JAN", 1), ("QS", 4), ("QE-DEC", 4), ("MS", 12), ("ME", 12), ("3MS", 4), ("5MS", 1)],
        *[("W", 52), ("W-MON", 52), ("2W", 26), ("D", 365), ("7D", 52), ("2D", 1), ("B", 261)],
        *[("h", 24), ("3h", 8), ("5h", 1), ("24h", 365), ("min", 1440), ("15min", 96), ("s", 1)],
    ],
)
def test_the_season_follows_from_the_frequency(frequency, season):
    assert default_season(frequency) == season
