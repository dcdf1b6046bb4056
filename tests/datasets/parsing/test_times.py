import numpy as np
import pytest

from datasets import DatasetError
from datasets.parsing.table import Table
from datasets.parsing.times import parse_times, time_column


def table(tmp_path, *cells):
    rows = [(cell, "1") for cell in cells]
    return Table(tmp_path / "a.csv", ("t", "v"), rows, range(2, len(rows) + 2))


@pytest.mark.parametrize(
    "cells",
    [
        ("2020-01-30", "2020-01-31"),
        ("2020-1-30", "2020-1-31"),
        ("2020/01/30", "2020/01/31"),
        ("2020.01.30", "2020.01.31"),
        ("30.1.2020", "31.1.2020"),
        ("30/01/2020", "31/01/2020"),
        ("01/30/2020", "01/31/2020"),
        ("30-01-2020", "31-01-2020"),
        ("30-Jan-2020", "31-Jan-2020"),
        ("30 January 2020", "31 January 2020"),
        ("Jan 30, 2020", "Jan 31, 2020"),
        ("20200130", "20200131"),
        ("2020-01-30 00:00:00", "2020-01-31 00:00:00"),
        ("2020-01-30T00:00Z", "2020-01-31T00:00Z"),
        ("30.01.2020 00:00", "31.01.2020 00:00"),
        ("1/30/2020 12:00 AM", "1/31/2020 12:00 AM"),
    ],
)
def test_formats_of_days_are_guessed(tmp_path, cells):
    file = table(tmp_path, *cells)
    assert time_column(file, None) == 0
    found = parse_times(file, 0)
    assert found.astype("datetime64[D]").astype(str).tolist() == ["2020-01-30", "2020-01-31"]


@pytest.mark.parametrize(
    ("cells", "months"),
    [
        (("2020-01", "2020-02"), ["2020-01", "2020-02"]),
        (("2020M01", "2020M02"), ["2020-01", "2020-02"]),
        (("202001", "202002"), ["2020-01", "2020-02"]),
        (("Jan 2020", "Feb 2020"), ["2020-01", "2020-02"]),
        (("1999", "2000"), ["1999-01", "2000-01"]),
    ],
)
def test_formats_of_months_and_years_are_guessed(tmp_path, cells, months):
    found = parse_times(table(tmp_path, *cells), 0)
    assert found.astype("datetime64[M]").astype(str).tolist() == months


def test_iso_times_may_differ_in_precision(tmp_path):
    found = parse_times(table(tmp_path, "2020-01-01", "2020-01-01 01:00", "2020-01-01T02:00:00"), 0)
    assert np.diff(found).astype(int).tolist() == [3600, 3600]


def test_offsets_are_converted_to_utc_across_a_clock_change(tmp_path):
    cells = ("2020-03-29T01:00:00+01:00", "2020-03-29T03:00:00+02:00", "2020-03-29 04:00+0200")
    found = parse_times(table(tmp_path, *cells), 0)
    assert found.astype(str).tolist() == [f"2020-03-29T0{hour}:00:00" for hour in range(3)]


def test_midnights_with_an_offset_are_days(tmp_path):
    cells = ("2020-03-29T00:00:00+01:00", "2020-03-30T00:00:00+02:00")
    found = parse_times(table(tmp_path, *cells), 0)
    assert found.astype(str).tolist() == ["2020-03-29T00:00:00", "2020-03-30T00:00:00"]


def test_day_or_month_first_is_chosen_so_that_no_step_is_absent(tmp_path):
    months = [f"01/{month:02d}/{year}" for year in (2019, 2020) for month in range(1, 13)]
    found = parse_times(table(tmp_path, *months), 0)
    assert found[1] == np.datetime64("2019-02-01")


def test_digits_alone_are_times_only_if_no_other_column_is(tmp_path):
    rows = [("2001", "2020-01-01"), ("2002", "2020-01-02")]
    assert time_column(Table(tmp_path / "a.csv", ("n", "t"), rows, (2, 3)), None) == 1


@pytest.mark.parametrize(
    ("cells", "time_format", "message"),
    [
        (
            ("01/02/2020", "01/03/2020"),
            None,
            "can be %d/%m/%Y or %m/%d/%Y: set dataset.time_format",
        ),
        (
            ("2020-02-28", "2020-02-30"),
            None,
            r"line 3, column 1 \(t\): '2020-02-30' is not a time in",
        ),
        (("2020-02-28", ""), None, "line 3, .*'' is not a time"),
        (("28.02.20", "29.02.20"), None, "not a time in a known format"),
        (("28.02.20", "x"), "%d.%m.%y", "line 3, .*'x' is not a time in the format %d.%m.%y"),
        (("28.02.20", "29.02.20"), "%Q", "not a time in the format '%Q'"),
        (("2020-01-01T00:00Z", "2020-01-01T01:00"), None, "line 3, .*has no offset from UTC"),
        (("2020-01-01T00:00", "2020-01-01T01:00Z"), None, "line 3, .*has an offset from UTC"),
        (("2020-01-01T00:00:00.5", "2020-01-01T01:00"), None, "fraction of a second"),
    ],
)
def test_invalid_or_ambiguous_times_are_rejected(tmp_path, cells, time_format, message):
    with pytest.raises(DatasetError, match=message) as caught:
        parse_times(table(tmp_path, *cells), 0, time_format)
    assert str(caught.value).count("\n") < 3


def test_a_format_can_be_given(tmp_path):
    file = table(tmp_path, "28.02.20", "29.02.20")
    assert time_column(file, None, "%d.%m.%y") == 0
    found = parse_times(file, 0, "%d.%m.%y")
    assert found.astype("datetime64[D]").astype(str).tolist() == ["2020-02-28", "2020-02-29"]
