"""Parses times in the cells of a file; the format is given or guessed from the cells.

Times with an offset from UTC ("Z", "+02:00") are converted to UTC, unless all are midnight: those
are dates and stay as they are. A column that mixes times with and without an offset is rejected.

R: rows.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time

import numpy as np

from datasets.errors import DatasetError, clipped
from datasets.parsing.frequency import Timestamps, grid, infer_frequency
from datasets.parsing.table import Table

ISO = "ISO 8601"
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?( ?(Z|[+-]\d\d(:?\d\d)?))?)?", re.ASCII
)
# Patterns of dates, and their possible formats. Digits alone may be numbers, so they come last.
_DATES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\d{4}-\d{1,2}-\d{1,2}", ("%Y-%m-%d",)),
    (r"\d{4}/\d{1,2}/\d{1,2}", ("%Y/%m/%d",)),
    (r"\d{4}\.\d{1,2}\.\d{1,2}", ("%Y.%m.%d",)),
    (r"\d{1,2}\.\d{1,2}\.\d{4}", ("%d.%m.%Y",)),
    (r"\d{1,2}/\d{1,2}/\d{4}", ("%d/%m/%Y", "%m/%d/%Y")),
    (r"\d{1,2}-\d{1,2}-\d{4}", ("%d-%m-%Y", "%m-%d-%Y")),
    (r"\d{1,2}-[A-Za-z]+-\d{4}", ("%d-%b-%Y", "%d-%B-%Y")),
    (r"\d{1,2} [A-Za-z]+ \d{4}", ("%d %b %Y", "%d %B %Y")),
    (r"[A-Za-z]+ \d{1,2}, \d{4}", ("%b %d, %Y", "%B %d, %Y")),
    (r"[A-Za-z]+[ -]\d{4}", ("%b %Y", "%B %Y", "%b-%Y", "%B-%Y")),
    (r"\d{4}-\d{2}", ("%Y-%m",)),
    (r"\d{4}/\d{2}", ("%Y/%m",)),
    (r"\d{4}M\d{2}", ("%YM%m",)),
)
_DIGITS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\d{8}", ("%Y%m%d",)),
    (r"\d{6}", ("%Y%m",)),
    (r"\d{4}", ("%Y",)),
)
_CLOCK = re.compile(
    r"(?P<date>.+?)(?P<gap>[ T])\d{1,2}:\d\d(?P<seconds>:\d\d)?(?P<half> ?[AaPp][Mm])?"
)
_LOOKED_AT = 20  # rows that a guess is based on


def time_column(table: Table, name: str | None, time_format: str | None = None) -> int:
    """Returns the index of the time column: `name`, or the first column whose cells are times.

    A column of digits alone (20200131, 2020) is used only if no other column contains times.

    Raises:
        DatasetError: the column does not exist, or no column contains times.
    """
    if name is not None:
        return table.index(name, "dataset.time")
    head = table.rows[:_LOOKED_AT]
    for digits in (False, True):
        for column in range(len(table.columns)):
            cells = [row[column] for row in head if row[column]]
            times = [cell for cell in cells if _formats(cell, time_format, digits=digits)]
            if times and len(times) * 2 >= len(cells):
                return column
    raise DatasetError(
        f"{table.path}: no column contains times"
        + (f" in the format {time_format!r}" if time_format else " in a known format")
        + f":\nits columns are {clipped(', '.join(table.columns), 200)};\n"
        "set dataset.time to one of them, and dataset.time_format to its strptime format"
    )


def parse_times(table: Table, column: int, time_format: str | None = None) -> Timestamps:
    """Returns the times in a column, datetime64[s] [R].

    If two formats fit every cell (day or month first), the one in which the rows are in order is
    used; if both are in order, the one without missing steps.

    Args:
        table: table of the file.
        column: index of the time column.
        time_format: strptime format of the times; None guesses.

    Raises:
        DatasetError: a cell is empty, is not a time or has a fraction of a second; more than one
            format fits; or only some cells have an offset from UTC.
    """
    cells = table.cells(column)
    guesses = (_formats(cell, time_format, digits=True) for cell in cells[:_LOOKED_AT])
    formats = next((found for found in guesses if found), None)
    if formats is None:
        known = f"the format {time_format!r}" if time_format else "a known format"
        raise DatasetError(
            f"{table.place(0, column)}: {clipped(cells[0])!r} is not a time in {known}:\n"
            "set dataset.time_format to its strptime format, or dataset.time to another column"
        )
    parsed = [(name, *_parsed(cells, name)) for name in formats]
    whole = [(name, times) for name, times, failed in parsed if failed is None]
    if not whole:
        name, _, failed = max(parsed, key=lambda result: len(result[1]))
        row = failed or 0
        raise DatasetError(
            f"{table.place(row, column)}: {clipped(cells[row])!r} is not a time in "
            f"the format {name}"
        )
    times = [(name, _naive(table, column, found)) for name, found in whole]
    ordered = [(name, found) for name, found in times if (np.diff(found).astype(int) > 0).all()]
    if len(ordered) > 1:
        ordered = [(name, found) for name, found in ordered if _is_complete(found)] or ordered
    if any((found != ordered[0][1]).any() for _, found in ordered[1:]):
        raise DatasetError(
            f"{table.place(0, column)}: {cells[0]!r} can be "
            f"{' or '.join(name for name, _ in ordered)}: set dataset.time_format"
        )
    return (ordered or times)[0][1]


def is_time(cell: str) -> bool:
    """Returns whether a cell is a time in a known format; digits alone are not."""
    return bool(_formats(cell, None, digits=False))


def _formats(cell: str, time_format: str | None, *, digits: bool) -> list[str]:
    """Returns the formats in which `cell` is a time."""
    if time_format is not None:
        candidates = [time_format]
    elif _ISO.fullmatch(cell):
        candidates = [ISO]
    else:
        clock = _CLOCK.fullmatch(cell)
        date, suffix = (clock["date"], _clock_format(clock)) if clock else (cell, "")
        shapes = (*_DATES, *_DIGITS) if digits else _DATES
        candidates = [
            name + suffix
            for shape, names in shapes
            if re.fullmatch(shape, date, re.ASCII)
            for name in names
        ]
    return [name for name in candidates if _parsed([cell], name)[1] is None]


def _clock_format(clock: re.Match[str]) -> str:
    seconds = ":%S" if clock["seconds"] else ""
    if clock["half"] is None:
        return f"{clock['gap']}%H:%M{seconds}"
    return f"{clock['gap']}%I:%M{seconds}{' ' if clock['half'].startswith(' ') else ''}%p"


def _parsed(cells: Sequence[str], name: str) -> tuple[list[datetime], int | None]:
    """Returns the times before the first cell that does not fit the format, and that cell's row."""
    parse = _iso if name == ISO else _strptime(name)
    times: list[datetime] = []
    for row, cell in enumerate(cells):
        try:
            times.append(parse(cell))
        except ValueError:
            return times, row
    return times, None


def _iso(cell: str) -> datetime:
    if not _ISO.fullmatch(cell):
        raise ValueError(cell)
    date, _, offset = cell.partition(" +")  # fromisoformat allows no blank before an offset
    return datetime.fromisoformat(f"{date}+{offset}" if offset else date.replace(" Z", "Z"))


def _strptime(name: str) -> Callable[[str], datetime]:
    # The file decides whether its times are naive.
    return lambda cell: datetime.strptime(cell, name)  # noqa: DTZ007


def _is_complete(times: Timestamps) -> bool:
    """Returns whether increasing times contain every step of their frequency."""
    try:
        return len(grid(times[0], times[-1], infer_frequency(times))) == len(times)
    except DatasetError:
        return False


def _naive(table: Table, column: int, times: list[datetime]) -> Timestamps:
    aware = [found.utcoffset() is not None for found in times]
    if any(aware) and not all(aware):
        row = aware.index(not aware[0])
        raise DatasetError(
            f"{table.place(row, column)}: {clipped(table.rows[row][column])!r} has "
            f"{'an' if aware[row] else 'no'} offset from UTC, unlike the rows before it"
        )
    fraction = next((row for row, found in enumerate(times) if found.microsecond), None)
    if fraction is not None:
        raise DatasetError(
            f"{table.place(fraction, column)}: {clipped(table.rows[fraction][column])!r} has a "
            "fraction of a second, but the shortest step is one second"
        )
    if all(aware) and any(found.time() != time() for found in times):
        times = [found.astimezone(UTC) for found in times]
    return np.array([found.replace(tzinfo=None) for found in times], dtype="datetime64[s]")
