"""Daily mean temperature of Central England since 1772 (Met Office, HadCET).

Source: https://www.metoffice.gov.uk/hadobs/hadcet/. Four layouts are in use; the first data row
shows which one a file has. Lines that begin with "#" are comments.

    table   cetdl1772on.dat: year, day, and twelve months in tenths of °C; 31 rows per year
    packed  tdaily_cet.dat.txt: 17720101 3.2
    knmi    tdaily_cet_knmi.dat: 1772  1  1    3.2
    iso     meantemp_daily_totals.txt: a header, then 1772-01-01    3.2

-999 (-99.9 in °C) marks a missing day and, in the table, a day that the month does not have.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DatasetError, clipped
from datasets.parsing.fetch import local_file, shown_source
from datasets.parsing.frequency import Timestamps
from datasets.parsing.regular import regular_series
from datasets.parsing.text import check_order, number, numbered_lines, place, read_text
from datasets.series import Series

MISSING = (-99.9, -999.0, -999.9)
COLDEST, HOTTEST = -60.0, 60.0  # °C; a daily mean outside is wrong or in another unit
DAYS, MONTHS = 31, 12

Lines = list[tuple[int, str]]


def cet(*, source: str | None, sha256: str | None = None) -> Series:
    """Returns the daily mean temperature in °C; all four layouts give the same series.

    Args:
        source: path or URL of the file.
        sha256: expected SHA-256 of the file, 64 hex digits; None accepts any file.

    Raises:
        DatasetError: there is no source or file, or its layout, a cell or a date is invalid.
    """
    if not source:
        raise DatasetError(
            "dataset=cet needs the Central England file, but dataset.source is null.\n"
            "The Met Office publishes it at "
            "https://www.metoffice.gov.uk/hadobs/hadcet/data/meantemp_daily_totals.txt\n"
            "(the older layouts work too): set dataset.source=<that URL or a path>."
        )
    path = local_file(source, sha256)
    days, values = read_days(path)
    return regular_series(
        name="cet",
        timestamps=days,
        values=values,
        channels=("temperature",),
        unit="°C",
        frequency="D",
        source=shown_source(source),
    )


def read_days(path: Path) -> tuple[Timestamps, NDArray[np.float64]]:
    """Returns the days in a file of any layout and their readings in °C (NaN if missing).

    Raises:
        DatasetError: the file does not match a layout; the message names line and column.
    """
    text = read_text(path)
    lines = [(at, line) for at, line in numbered_lines(text) if line.lstrip()[0] != "#"]
    if lines and _HEADER.fullmatch(lines[0][1]):
        del lines[0]
    if not lines:
        raise DatasetError(f"{path} contains no readings, only comments or a header")
    line, first = lines[0]
    if len(first.split()) == MONTHS + 2:
        return _read_table(path, lines, ends_cleanly=text.endswith("\n"))
    for layout in _LAYOUTS:
        if layout.pattern.fullmatch(first):
            return _read_rows(path, lines, layout, ends_cleanly=text.endswith("\n"))
    raise DatasetError(
        f"{place(path, line)}: {clipped(first)!r} matches none of the four layouts:\n"
        "year, day and 12 months; " + "; ".join(repr(layout.example) for layout in _LAYOUTS)
    )


@dataclass(frozen=True)
class _Layout:
    """A layout with one day per row; the pattern's groups are year, month, day and reading."""

    example: str
    pattern: re.Pattern[str]


_HEADER = re.compile(r"\s*date\s+value\s*", re.IGNORECASE)
_LAYOUTS = (
    _Layout("17720101 3.2", re.compile(r"\s*([0-9]{4})([0-9]{2})([0-9]{2})\s+(\S+)\s*")),
    _Layout(
        "1772  1  1    3.2", re.compile(r"\s*([0-9]{4})\s+([0-9]{1,2})\s+([0-9]{1,2})\s+(\S+)\s*")
    ),
    _Layout("1772-01-01    3.2", re.compile(r"\s*([0-9]{4})-([0-9]{2})-([0-9]{2})\s+(\S+)\s*")),
)


def _read_rows(
    path: Path, lines: Lines, layout: _Layout, *, ends_cleanly: bool
) -> tuple[Timestamps, NDArray[np.float64]]:
    width = len(layout.example.split())
    dates: list[tuple[int, int, int]] = []
    values: list[float] = []
    for line, text in lines:
        match = layout.pattern.fullmatch(text)
        if match is None:
            cells = text.split()
            if len(cells) != width:
                raise DatasetError(
                    f"{place(path, line)}: expected {width} columns, found {len(cells)}"
                )
            raise DatasetError(
                f"{place(path, line, 1)}: {clipped(text)!r} has no date like {layout.example!r}"
            )
        year, month, day, reading = match.groups()
        dates.append((int(year), int(month), int(day)))
        values.append(_celsius(path, line, width, reading))
    numbers = [line for line, _ in lines]
    if not ends_cleanly and reading[-2:-1] != "." and not np.isnan(values[-1]):
        raise DatasetError(f"{place(path, numbers[-1], width)}: {reading!r} is cut off")
    year_month_day = np.array(dates)
    days, exists = _days(*year_month_day.T)
    if not exists.all():
        bad = int(np.flatnonzero(~exists)[0])
        raise DatasetError(
            f"{place(path, numbers[bad], 1)}: there is no such day: {clipped(lines[bad][1])!r}"
        )
    check_order(path, days, numbers)
    return days, np.array(values)


def _read_table(
    path: Path, lines: Lines, *, ends_cleanly: bool
) -> tuple[Timestamps, NDArray[np.float64]]:
    cells = np.array([_table_row(path, line, text) for line, text in lines])
    numbers = [line for line, _ in lines]
    expected_days = np.arange(len(cells)) % DAYS + 1
    first_rows = np.arange(len(cells)) // DAYS * DAYS
    expected_years = cells[0, 0] + first_rows // DAYS
    for column, name, expected in ((1, "day", expected_days), (0, "year", expected_years)):
        wrong = np.flatnonzero(cells[:, column] != expected)
        if wrong.size:
            row = int(wrong[0])
            raise DatasetError(
                f"{place(path, numbers[row], column + 1, name)}: found {cells[row, column]}, "
                f"expected {expected[row]} (31 rows per year, years in order)"
            )
    if len(cells) % DAYS:
        raise DatasetError(
            f"{place(path, numbers[-1])}: the file is cut off: the last year has no row for day 31"
        )
    # All rows are equally long, so a shorter last row is cut off.
    if not ends_cleanly and len(lines[-1][1].rstrip()) != len(lines[-2][1].rstrip()):
        raise DatasetError(f"{place(path, numbers[-1], MONTHS + 2)}: {cells[-1, -1]} is cut off")
    # From [years, days, months] to one row per date, in time order.
    readings = cells[:, 2:].reshape(-1, DAYS, MONTHS).transpose(0, 2, 1)
    year, month, day = np.indices(readings.shape)
    days, exists = _days(cells[0, 0] + year.ravel(), month.ravel() + 1, day.ravel() + 1)
    values = readings.ravel() / 10
    values[np.isin(values, MISSING)] = np.nan
    impossible = ~(exists | np.isnan(values)) | (values < COLDEST) | (values > HOTTEST)
    if impossible.any():
        at = int(np.flatnonzero(impossible)[0])
        row = int(year.ravel()[at] * DAYS + day.ravel()[at])
        column = int(month.ravel()[at]) + 3
        fault = (
            "is not a temperature in tenths of °C"
            if exists[at]
            else "is a reading for a day that does not exist"
        )
        raise DatasetError(
            f"{place(path, numbers[row], column, f'month {column - 2}')}: "
            f"{cells[row, column - 1]} {fault}\n(-999 marks a missing reading)"
        )
    return days[exists], values[exists]


def _table_row(path: Path, line: int, text: str) -> list[int]:
    cells = text.split()
    if len(cells) != MONTHS + 2:
        raise DatasetError(
            f"{place(path, line)}: expected {MONTHS + 2} columns, found {len(cells)} "
            "(is the file cut off?)"
        )
    for column, cell in enumerate(cells, 1):
        if not _INTEGER.fullmatch(cell):
            raise DatasetError(
                f"{place(path, line, column)}: {clipped(cell)!r} is not a whole number"
            )
    return [int(cell) for cell in cells]


_INTEGER = re.compile(r"-?[0-9]{1,6}")


def _celsius(path: Path, line: int, column: int, text: str) -> float:
    value = number(text)
    if value in MISSING:
        return np.nan
    if value is None or not COLDEST <= value <= HOTTEST:
        raise DatasetError(
            f"{place(path, line, column)}: {clipped(text)!r} is not a temperature in °C\n"
            "(-999 or -99.9 marks a missing reading)"
        )
    return value


def _days(
    year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64]
) -> tuple[Timestamps, NDArray[np.bool_]]:
    """Returns the dates [n] and whether each one exists in the calendar [n]."""
    in_year = (month >= 1) & (month <= MONTHS) & (day >= 1)
    first = ((year - 1970) * MONTHS + month - 1).astype("datetime64[M]")
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    dates = first.astype("datetime64[D]") + (day - 1)
    return dates.astype("datetime64[s]"), in_year & (day <= length)
