"""Reads delimited text files with a header, strictly.

R: rows of readings. K: columns.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datasets.errors import DatasetError, clipped, possible
from datasets.parsing.text import numbered_lines, place, read_text

DELIMITERS = (",", ";", "\t", "|")
_NAMES = {"tab": "\t", "\\t": "\t"}  # a tab is hard to type on a command line
_LOOKED_AT = 50  # rows that a guess is based on


@dataclass(frozen=True, eq=False)
class Table:
    """The cells of a file, without surrounding blanks.

    Attributes:
        path: path of the file.
        columns: K names; an index column may have the name "".
        rows: R tuples of K cells.
        lines: R line numbers, from 1; a row of several lines has the number of the first.
    """

    path: Path
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    lines: Sequence[int]

    def index(self, name: str, option: str) -> int:
        """Returns the index, from 0, of column `name`, which `option` names.

        Raises:
            DatasetError: no column has this name, or several do.
        """
        count = self.columns.count(name)
        if count > 1:
            raise DatasetError(
                f"{self.path}: {count} columns have the name {name!r}, so {option} is ambiguous"
            )
        if not count:
            raise DatasetError(
                f"{self.path} has no column {name!r}, which {option} names:\n"
                f"{possible(name, self.columns)}"
            )
        return self.columns.index(name)

    def cells(self, column: int) -> list[str]:
        """Returns the R cells of a column."""
        return [row[column] for row in self.rows]

    def place(self, row: int, column: int) -> str:
        """Returns the start of an error message about one cell: file, line, column and its name."""
        return place(self.path, self.lines[row], column + 1, self.columns[column])


def read_table(path: Path, delimiter: str | None = None) -> Table:
    """Returns the table in a file; lines that begin with "#" before the header are comments.

    Args:
        path: path of the file.
        delimiter: one character or "tab"; None guesses among `DELIMITERS`.

    Raises:
        DatasetError: the file is not plain text, it has only one column or no rows, a row is not
            as long as the header, or quotes do not match.
    """
    text = read_text(path)
    lines = numbered_lines(text)
    start = next((at for at, line in lines if not line.lstrip().startswith("#")), None)
    if start is None:
        raise DatasetError(f"{path} contains no table, only comments")
    body = text.split("\n")[start - 1 :]
    mark = _guessed(body) if delimiter is None else _NAMES.get(delimiter, delimiter)
    if len(mark) != 1 or mark in '"\n':
        raise DatasetError(
            f"dataset.delimiter is {delimiter!r}: it must be one character, tab, or null to guess"
        )
    rows, numbers = _rows(path, body, start, mark)
    if not rows or len(rows[0]) < 2:
        raise DatasetError(
            f"{place(path, start)}: only one column with the delimiter {mark!r}:\n"
            "set dataset.delimiter, or add a column of times or readings"
        )
    header = rows[0]
    if len(rows) == 1:
        raise DatasetError(f"{path} contains a header but no rows of readings")
    for row, line in zip(rows, numbers, strict=True):
        if len(row) != len(header):
            cut_off = line == numbers[-1] and not text.endswith("\n")
            raise DatasetError(
                f"{place(path, line)}: expected {len(header)} columns as in the header, "
                f"found {len(row)}" + (" (the file is cut off)" if cut_off else "")
            )
    return Table(path, header, rows[1:], numbers[1:])


def _rows(
    path: Path, body: Sequence[str], start: int, delimiter: str
) -> tuple[list[tuple[str, ...]], list[int]]:
    reader = csv.reader((f"{line}\n" for line in body), delimiter=delimiter, strict=True)
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    line = start
    try:
        for cells in reader:
            stripped = tuple(cell.strip() for cell in cells)
            if any(stripped):  # spreadsheet exports may end with rows of delimiters
                rows.append(stripped)
                numbers.append(line)
            line = start + reader.line_num
    except csv.Error as error:
        raise DatasetError(
            f"{place(path, line)}: {clipped(str(error))}: a quote is not closed or is inside a cell"
        ) from None
    return rows, numbers


def _guessed(body: Sequence[str]) -> str:
    """Returns the delimiter that gives the first rows the most columns, the same number in each."""
    head = [line for line in body if line.strip()][:_LOOKED_AT]

    def merit(delimiter: str) -> tuple[bool, int]:
        widths = [len(row) for row in csv.reader(head, delimiter=delimiter)]
        return len(set(widths)) == 1 and widths[0] > 1, widths[0]

    return max(DELIMITERS, key=merit)
