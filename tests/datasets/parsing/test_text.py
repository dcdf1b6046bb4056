import gzip

import pytest

from datasets import DatasetError
from datasets.errors import possible
from datasets.parsing.text import number, read_text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_texts_in_common_encodings_are_read(tmp_path, encoding, end):
    path = tmp_path / "a.txt"
    path.write_bytes(f"température °C{end}1{end}".encode(encoding))
    assert read_text(path) == "température °C\n1\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty: it has 0 bytes"),
        (b" \n\n\t\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"a,b\n1,\x00\n", "binary"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "binary"),
        (bytes(range(128, 256)), "binary"),
        # Without the time, which would change the name of the test in each worker of pytest-xdist.
        (gzip.compress(b"a,b\n", mtime=0), "compressed: gzip"),
        (b"PK\x03\x04whatever", "compressed: zip"),
        (b"\xff\xfea", "binary"),  # half a UTF-16 character
        (b"\n<!DOCTYPE html><html>", "web page"),
    ],
)
def test_files_that_are_not_text_are_rejected(tmp_path, data, message):
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(DatasetError, match=message) as caught:
        read_text(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["1", "-1.5", "+.5", "5.", "1e3", "1.5E-03", "0"])
def test_numbers_are_read(text):
    assert number(text) == float(text)


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "nan", "inf", "-inf", "1e999", "1_0", "0x1", "1,5", "\u0661", "--1", "1e"],
)
def test_other_texts_are_not_numbers(text):
    assert number(text) is None


def test_the_nearest_option_comes_first_and_long_lists_are_shortened():
    assert possible("tmp_max", ["wind", "temp_max"]) == (
        "did you mean 'temp_max'? possible: wind, temp_max"
    )
    assert possible("x", [f"column{k}" for k in range(20)]).endswith("column11, …")
    assert possible("x", []) == "possible: nothing"
