"""Monthly mean temperature of a station, from NASA GISS's surface temperature analysis.

Source: "Download monthly data as CSV" on https://data.giss.nasa.gov/gistemp/. The file has one row
per year and one column per month, named in the header; seasonal and annual means follow. 999.90
marks a missing month.
"""

from pathlib import Path

import numpy as np

from datasets.errors import DatasetError, clipped
from datasets.parsing.fetch import local_file, shown_source
from datasets.parsing.regular import regular_series
from datasets.parsing.text import check_order, number, numbered_lines, place, read_text
from datasets.series import Series

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
MISSING = 999.9
COLDEST, HOTTEST = -100.0, 70.0  # °C; no monthly mean on Earth is outside this range


def giss(*, source: str | None, sha256: str | None = None) -> Series:
    """Returns the monthly mean temperature in °C, dated to the first day of each month.

    Args:
        source: path or URL of a station's CSV.
        sha256: expected SHA-256 of the file, 64 hex digits; None accepts any file.

    Raises:
        DatasetError: there is no source or file, or a cell, row or the header is invalid.
    """
    if not source:
        raise DatasetError(
            "dataset=giss needs a station's file, but dataset.source is null.\n"
            "Choose a station on https://data.giss.nasa.gov/gistemp/station_data_v4_globe/, click\n"
            "'Download monthly data as CSV', and set dataset.source=<path or URL>."
        )
    path = local_file(source, sha256)
    months, values = read_station(path)
    return regular_series(
        name="giss",
        timestamps=months,
        values=values,
        channels=("temperature",),
        unit="°C",
        frequency="MS",
        source=shown_source(source),
    )


def read_station(path: Path) -> tuple[list[np.datetime64], list[float]]:
    """Returns the months of all rows and their readings in °C (NaN if missing).

    Raises:
        DatasetError: the file is not in this format; the message names line and column.
    """
    lines = numbered_lines(read_text(path))
    start = next(
        (k for k, (_, text) in enumerate(lines) if _cells(text)[0].upper() == "YEAR"), None
    )
    if start is None:
        raise DatasetError(
            f"{path} is not a GISS station file: no line begins with YEAR;\n"
            f"the first line is {clipped(lines[0][1])!r}"
        )
    header = [name.upper() for name in _cells(lines[start][1])]
    absent = [month for month in MONTHS if header.count(month) != 1]
    if absent:
        raise DatasetError(
            f"{place(path, lines[start][0])}: the header must name each month once; "
            f"missing or repeated: {', '.join(absent)}"
        )
    columns = [header.index(month) for month in MONTHS]
    rows = [(line, _row(path, line, text, len(header))) for line, text in lines[start + 1 :]]
    years = np.array([_year(path, line, cells[0]) for line, cells in rows], dtype="datetime64[Y]")
    check_order(path, years.astype("datetime64[s]"), [line for line, _ in rows], name="YEAR")
    months = [np.datetime64(year, "M") + month for year in years for month in range(12)]
    values = [
        _reading(path, line, column, cells, header) for line, cells in rows for column in columns
    ]
    return months, values


def _cells(text: str) -> list[str]:
    return [cell.strip().strip('"') for cell in text.split(",")]


def _row(path: Path, line: int, text: str, width: int) -> list[str]:
    cells = _cells(text)
    if len(cells) != width:
        raise DatasetError(
            f"{place(path, line)}: expected {width} columns as in the header, "
            f"found {len(cells)} (is the file cut off?)"
        )
    return cells


def _year(path: Path, line: int, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == 4 and text != "0000"):
        raise DatasetError(f"{place(path, line, 1, 'YEAR')}: {clipped(text)!r} is not a year")
    return int(text) - 1970


def _reading(path: Path, line: int, column: int, cells: list[str], header: list[str]) -> float:
    text = cells[column]
    value = number(text)
    if not text or value == MISSING:
        return np.nan
    if value is None or not COLDEST <= value <= HOTTEST:
        raise DatasetError(
            f"{place(path, line, column + 1, header[column])}: {clipped(text)!r} is not a "
            "temperature in °C\n(a missing month is 999.90 or empty)"
        )
    return value
