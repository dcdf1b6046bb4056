import numpy as np
import pytest

from datasets import DatasetError
from datasets.giss import giss

HEADER = "YEAR,JAN,FEB,MAR,APR,MAY,JUN,JUL,AUG,SEP,OCT,NOV,DEC,D-J-F,metANN"


def row(year, *, missing=(), **cells):
    months = [f"{month + year / 1000:.2f}" for month in range(1, 13)]
    for month in missing:
        months[month - 1] = "999.90"
    for month, text in cells.items():
        months[int(month[1:]) - 1] = text
    return ",".join([str(year), *months, "1.11", "999.90"])


@pytest.fixture
def write(tmp_path):
    def written(*lines, end="\n"):
        path = tmp_path / "station.csv"
        path.write_text("\n".join(lines) + end)
        return str(path)

    return written


def test_month_columns_are_found_by_name_and_others_are_ignored(write):
    series = giss(source=write(HEADER, row(1950), row(1951, missing=[2, 3, 11, 12])))
    assert len(series.values) == 22
    assert series.values[0, 0] == 2.95
    assert np.nanmax(series.values) < 20
    assert np.flatnonzero(np.isnan(series.values[:, 0])).tolist() == [13, 14]
    assert (series.unit, series.frequency, series.missing) == ("°C", "MS", 2)
    assert str(series.timestamps[-1].astype("datetime64[D]")) == "1951-10-01"


def test_column_order_lines_before_the_header_and_case_do_not_matter(write):
    plain = giss(source=write(HEADER, row(1950)))
    cells = row(1950).split(",")
    names = HEADER.split(",")
    swapped = [",".join([part[0], *part[:0:-1]]).lower() for part in (names, cells)]
    other = giss(source=write("GHCN station: SEATTLE, 47.4N", "", *swapped, end=""))
    assert other.digest == plain.digest


@pytest.mark.parametrize("missing", ["999.90", "999.9", "", " 999.90 "])
def test_every_notation_of_a_missing_month_is_recognised(write, missing):
    assert giss(source=write(HEADER, row(1950, m5=missing))).missing == 1


def test_absent_years_become_missing_months(write):
    series = giss(source=write(HEADER, row(1950), row(1952)))
    assert (len(series.values), series.missing) == (36, 12)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([HEADER, row(1950), row(1951, m3="x")], r"line 3, column 4 \(MAR\): 'x' is not a temp"),
        ([HEADER, row(1950, m3="-999")], r"column 4 \(MAR\): '-999' is not a temperature"),
        ([HEADER, row(1950, m3="nan")], r"'nan' is not a temperature"),
        ([HEADER, row(1950)[:-7]], "line 2: expected 15 columns as in the header, found 14"),
        ([HEADER, "19x0" + row(1950)[4:]], r"line 2, column 1 \(YEAR\): '19x0' is not a year"),
        ([HEADER, row(1951), row(1950)], r"line 3, column 1 \(YEAR\): 1950-01-01 comes after"),
        ([HEADER, row(1950), row(1950)], "duplicate of line 2"),
        ([HEADER.replace("MAR", "MRZ"), row(1950)], "line 1: .*missing or repeated: MAR$"),
        ([HEADER.replace("MAR", "FEB"), row(1950)], "missing or repeated: FEB, MAR$"),
        (["a,b", "1,2"], "no line begins with YEAR"),
        ([HEADER], "no readings"),
        ([HEADER, row(1950, missing=range(1, 13))], "no readings"),
    ],
)
def test_a_file_that_breaks_the_format_is_rejected(write, lines, message):
    with pytest.raises(DatasetError, match=message) as caught:
        giss(source=write(*lines))
    assert str(caught.value).count("\n") < 3
    assert "station.csv" in str(caught.value)


def test_a_missing_source_explains_how_to_get_the_file():
    with pytest.raises(DatasetError, match=r"dataset\.source") as caught:
        giss(source=None)
    assert len(str(caught.value).splitlines()) == 3
