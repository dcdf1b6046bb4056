import numpy as np
import pytest

from datasets import DatasetError
from datasets.csv import csv

NAN = np.nan


@pytest.fixture
def read(tmp_path):
    def read_text(text, **options):
        path = tmp_path / "my data.csv"
        path.write_text(text, encoding="utf-8")
        return csv(source=str(path), **options)

    return read_text


def test_a_plain_file_needs_no_option(read):
    series = read("date,temp\n2020-01-01,1.5\n2020-01-02,\n2020-01-04,NaN\n2020-01-05,4\n")
    assert (series.name, series.channels, series.frequency) == ("my data", ("temp",), "D")
    assert np.array_equal(series.values[:, 0], [1.5, NAN, NAN, NAN, 4], equal_nan=True)


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_guessed(read, mark):
    text = "date,a,b\n2020-01,1.5,2\n2020-02,2.5,3\n".replace(",", mark)
    series = read(text, inputs=("b",))
    assert series.values.tolist() == [[1.5, 2], [2.5, 3]]
    assert series.frequency == "MS"


@pytest.mark.parametrize(
    "options", [{}, {"delimiter": "tab"}, {"delimiter": "\\t"}, {"delimiter": "\t"}]
)
def test_a_tab_can_be_named(read, options):
    assert len(read("date\ta\n2020-01-01\t1\n2020-01-02\t2\n", **options).values) == 2


@pytest.mark.parametrize("options", [{"decimal": ","}, {"decimal": None}])
def test_decimal_commas_are_read(read, options):
    text = "date;a\n01.01.2020 00:00;1,5\n01.01.2020 00:15;-2,25\n"
    series = read(text, **options)
    assert series.values[:, 0].tolist() == [1.5, -2.25]
    assert series.frequency == "15min"
    quoted = 'date,a\n2020-01-01,"1,5"\n2020-01-02,"2,5"\n'
    assert read(quoted, **options).values[:, 0].tolist() == [1.5, 2.5]


def test_the_decimal_mark_is_guessed_to_be_a_point_if_the_file_uses_points(read):
    text = "date,a\n2020-01-01,1.5\n2020-01-02,2\n"
    assert read(text, decimal=None).values[:, 0].tolist() == [1.5, 2]


def test_columns_can_be_named(read):
    text = "i,when,x,y,z\n1,2020-01-01,a,5,7\n2,2020-01-02,b,6,8\n"
    assert read(text).channels == ("i",)
    series = read(text, time="when", value="z", inputs=("y", "i"), unit="kW")
    assert series.channels == ("z", "y", "i")
    assert series.values.tolist() == [[7, 5, 1], [8, 6, 2]]
    assert (series.unit, series.target) == ("kW", 0)


def test_the_unnamed_index_of_pandas_is_not_the_target(read):
    assert read(",date,v\n0,2020-01-01,5\n1,2020-01-02,6\n").channels == ("v",)
    assert read(",0\n2020-01-01,5\n2020-01-02,6\n").channels == ("0",)


def test_every_notation_of_a_missing_marker_is_recognised(read):
    text = "date,a\n2020-01-01,1\n2020-01-02,-999.0\n2020-01-03,NA\n2020-01-04,-999\n2020-01-05,5\n"
    series = read(text, missing=("-999", "NA"))
    assert np.array_equal(series.values[:, 0], [1, NAN, NAN, NAN, 5], equal_nan=True)


def test_comments_blank_lines_and_empty_rows_are_skipped(read):
    text = "# made by hand\n\ndate;a\n2020-01-01;1\n\n2020-01-02;2\n;\n"
    assert len(read(text).values) == 2


def test_a_given_frequency_is_used(read):
    text = "date,a\n2020-01-01,1\n2020-01-03,3\n2020-01-05,5\n"
    assert read(text).frequency == "2D"
    assert len(read(text, frequency="D").values) == 5


def test_business_days_have_no_gaps(read):
    days = np.arange("2020-01-01", "2020-03-01", dtype="datetime64[D]")
    text = "date,a\n" + "".join(f"{day},1\n" for day in days[np.is_busday(days)])
    series = read(text)
    assert (series.frequency, series.missing) == ("B", 0)


GOOD = "date,a\n2020-01-01,1\n2020-01-02,2\n"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            "date,a\n2020-01-01,1\n2020-01-02,x\n",
            {},
            r"line 3, column 2 \(a\): 'x' is not a finite",
        ),
        (GOOD + "2020-01-03,inf\n", {}, "'inf' is not a finite number"),
        (GOOD + "2020-01-03,1e999\n", {}, "'1e999' is not a finite number"),
        (GOOD + "2020-01-03,NA\n", {}, r"dataset\.missing=\[NA\]"),
        ("date;a\n2020-01-01;1,5\n", {"value": "a"}, r"dataset\.decimal=','"),
        ("date;a\n2020-01-01;1,5\n", {}, r"no column is numeric \(dataset\.decimal=',' may help\)"),
        ("date;a\n2020-01-01;1.5\n", {"value": "a", "decimal": ","}, r"dataset\.decimal='\.'"),
        ("date;a\n2020-01-01;1.234,5\n", {"value": "a", "decimal": ","}, "'1.234,5' is not"),
        (GOOD, {"value": "b"}, "no column 'b', which dataset.value names:\npossible: date, a"),
        (GOOD, {"time": "dat"}, "did you mean 'date'"),
        (GOOD, {"inputs": ("w",)}, r"dataset\.inputs names"),
        (GOOD, {"inputs": ("date",)}, "'date' has two roles"),
        ("date,a,a\n2020-01-01,1,2\n", {"value": "a"}, "2 columns have the name 'a'"),
        ("date,a\n2020-01-01,b\n", {}, "no column is numeric"),
        ("a,b\n1,2\n", {}, "no column contains times"),
        ("date\n2020-01-01\n", {}, "line 1: only one column"),
        ("2020-01-01,1\n2020-01-02,2\n", {}, "has no header"),
        ("date,a\n", {}, "no rows of readings"),
        ("# nothing\n", {}, "only comments"),
        (GOOD + "2020-01-03\n", {}, "line 4: expected 2 columns as in the header, found 1$"),
        (GOOD + "2020-01", {}, r"line 4: expected 2 columns.*\(the file is cut off\)"),
        (GOOD + '2020-01-03,"3\n', {}, "line 4: .*a quote is not closed"),
        (
            GOOD + "2020-01-02,3\n",
            {},
            r"line 4, column 1 \(date\): 2020-01-02 is a duplicate of line 3",
        ),
        (GOOD + "2019-12-31,3\n", {}, "2019-12-31 comes after 2020-01-02 in line 3"),
        (
            GOOD + "2020-01-03,3\n2020-01-04 12:00,3\n",
            {},
            "irregular timestamps: the step from 2020-01-03 to 2020-01-04 12:00",
        ),
        (GOOD, {"frequency": "fortnight"}, "not a valid frequency"),
        (GOOD, {"frequency": "MS"}, "2020-01-02 is not a step of frequency 'MS'"),
        (GOOD, {"delimiter": ",,"}, r"dataset\.delimiter is ',,'"),
        (GOOD, {"delimiter": ";"}, "only one column with the delimiter ';'"),
        (GOOD, {"decimal": "x"}, r"dataset\.decimal is 'x'"),
        (GOOD, {"sha256": "0" * 64}, "not the expected file"),
        (GOOD, {"sha256": "0"}, "64 hex digits"),
        ("date,a\n2020-01-01,\n2020-01-02,\n", {"value": "a"}, "no readings of 'a'"),
    ],
)
def test_bad_files_and_options_are_rejected(read, text, options, message):
    with pytest.raises(DatasetError, match=message) as caught:
        read(text, **options)
    assert str(caught.value).count("\n") < 3


def test_a_missing_source_names_the_option_to_set():
    with pytest.raises(DatasetError, match=r"dataset\.source"):
        csv(source=None)
