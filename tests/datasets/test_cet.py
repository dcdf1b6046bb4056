from datetime import date, timedelta

import numpy as np
import pytest

from datasets import DatasetError
from datasets.cet import cet

FIRST, LAST = date(1771, 1, 1), date(1772, 12, 20)  # 1772 is a leap year
DAYS = [FIRST + timedelta(days) for days in range((LAST - FIRST).days + 1)]
TENTHS = {day: int(100 * np.sin(index / 58)) - 20 for index, day in enumerate(DAYS)}


def table(tenths, first=1771, last=1772):
    def cell(year, month, day):
        try:
            return tenths.get(date(year, month, day), -999)
        except ValueError:
            return -999

    return [
        f"{year:5d}{day:5d}" + "".join(f"{cell(year, month, day):5d}" for month in range(1, 13))
        for year in range(first, last + 1)
        for day in range(1, 32)
    ]


def packed(tenths):
    return [f"{day:%Y%m%d} {value / 10}" for day, value in tenths.items()]


def knmi(tenths):
    comments = ["# CET [C] Central England Temperature", "# Hadley Centre, Met Office"]
    rows = [
        f"{day.year:4d} {day.month:2d} {day.day:2d} {value / 10:6.1f}"
        for day, value in tenths.items()
    ]
    return comments + rows


def iso(tenths):
    return [
        "Date       Value",
        *(f"{day:%Y-%m-%d} {value / 10:6.1f}" for day, value in tenths.items()),
    ]


LAYOUTS = [table, packed, knmi, iso]


@pytest.fixture
def read(tmp_path):
    def read_lines(lines, end="\n"):
        path = tmp_path / "cet.txt"
        path.write_text("\n".join(lines) + end)
        return cet(source=str(path))

    return read_lines


def test_the_four_layouts_give_one_series(read):
    series = [read(layout(TENTHS), end) for layout in LAYOUTS for end in ("\n", "")]
    assert {one.digest for one in series} == {series[0].digest}
    assert series[0].values[:, 0].tolist() == [value / 10 for value in TENTHS.values()]
    assert (series[0].unit, series[0].frequency, series[0].missing) == ("°C", "D", 0)
    assert str(series[0].timestamps[-1].astype("datetime64[D]")) == "1772-12-20"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_minus_999_and_absent_days_are_missing_and_trimmed_at_both_ends(read, layout):
    gone = {DAYS[0], DAYS[40], DAYS[41], DAYS[-1]}
    kept = {day: value for day, value in TENTHS.items() if day not in gone}
    expected = read(packed(kept))
    assert (len(expected.values), expected.missing) == (len(DAYS) - 2, 2)
    assert read(layout(kept)).digest == expected.digest
    marked = {day: -999 if day in gone else value for day, value in TENTHS.items()}
    assert read(layout(marked)).digest == expected.digest
    lines = [line.replace("-99.9", "-999") for line in layout(marked)]
    assert read(lines).digest == expected.digest


def changed(lines, index, line):
    return [*lines[:index], line, *lines[index + 1 :]]


TABLE = table(TENTHS)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (changed(TABLE, 29, table(TENTHS | {})[29][:15] + "   12" + TABLE[29][20:]), "column 4"),
        (
            changed(TABLE, 3, TABLE[3].replace(TABLE[3][10:15], "  3.2")),
            "column 3: '3.2' is not a whole",
        ),
        (
            changed(TABLE, 3, TABLE[3][:10] + " 9999" + TABLE[3][15:]),
            "line 4, column 3.*9999 is not",
        ),
        (changed(TABLE, 3, TABLE[3][:60]), "line 4: expected 14 columns, found 12"),
        (TABLE[:40], "line 40: the file is cut off"),
        (TABLE[:3] + TABLE[4:], r"line 4, column 2 \(day\): found 5, expected 4"),
        (
            table(TENTHS, 1771, 1771) + table(TENTHS, 1771, 1771),
            r"line 32, column 1 \(year\): found 1771",
        ),
        (["17710101 3.2", "17710102 x"], "line 2, column 2: 'x' is not a temperature"),
        (["17710101 3.2", "17710102 178.0"], "'178.0' is not a temperature"),
        (["17710101 3.2", "17710102"], "line 2: expected 2 columns, found 1"),
        (["17710101 3.2", "1771010 3.2"], "line 2, column 1: .* has no date like"),
        (["17710228 3.2", "17710229 3.2"], "line 2, column 1: there is no such day"),
        (["17711301 3.2", "17711302 3.2"], "line 1, column 1: there is no such day"),
        (["17710101 3.2", "17710101 3.2"], "line 2, column 1: 1771-01-01 is a duplicate of line 1"),
        (["1771-01-02 3.2", "1771-01-01 3.2"], "1771-01-01 comes after 1771-01-02 in line 1"),
        (["# x", "1771  1  1 3.2", "1771  1  2"], "line 3: expected 4 columns, found 3"),
        (["Date Value", "1771-01-01 nan"], "line 2, column 2: 'nan'"),
        (["year,jan", "1771,3"], "matches none of the four layouts"),
        (["# only a comment"], "no readings"),
        (["Date Value"], "no readings"),
    ],
)
def test_a_file_that_breaks_its_layout_is_rejected(read, lines, message):
    with pytest.raises(DatasetError, match=message) as caught:
        read(lines)
    assert str(caught.value).count("\n") < 3
    assert "cet.txt" in str(caught.value)


def test_a_reading_for_30_february_is_rejected(read):
    line = TABLE[29][:15] + "   12" + TABLE[29][20:]
    with pytest.raises(
        DatasetError, match=r"line 30, column 4 \(month 2\): 12 is a reading for a day"
    ):
        read(changed(TABLE, 29, line))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("cut", [1, 2, 5])
def test_a_file_cut_off_within_a_row_is_rejected(read, layout, cut):
    lines = layout(TENTHS | {LAST: 123})
    with pytest.raises(DatasetError):
        read([*lines[:-1], lines[-1][:-cut]], end="")


def test_a_missing_source_names_the_address_of_the_met_office():
    with pytest.raises(DatasetError, match=r"www\.metoffice\.gov\.uk.*meantemp_daily") as caught:
        cet(source=None)
    assert len(str(caught.value).splitlines()) == 3
