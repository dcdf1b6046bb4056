"""Parses readings in the cells of a file: strict numbers and markers of missing readings.

R: rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DatasetError, clipped
from datasets.parsing.table import Table
from datasets.parsing.text import number

_LOOKED_AT = 50  # rows that a guess is based on
_OTHER = {".": ",", ",": "."}


@dataclass(frozen=True)
class Notation:
    """The notation of the readings in a file.

    Attributes:
        decimal: decimal mark, "." or ",".
        missing: texts that mark a missing reading, in addition to the empty cell and "nan"; a
            number matches every way to write it (-999 also matches -999.00).
    """

    decimal: str = "."
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.decimal not in _OTHER:
            raise DatasetError(
                f"dataset.decimal is {self.decimal!r}: it must be '.' or ',', or null to guess"
            )

    def value(self, cell: str) -> float | None:
        """Returns the reading in a cell: NaN if it is missing, None if the cell is invalid."""
        if not cell or cell.lower() == "nan" or cell in self.missing:
            return np.nan
        found = self.number(cell)
        return np.nan if found in self._missing_numbers else found

    def number(self, cell: str) -> float | None:
        """Returns the finite number in a cell, or None if it contains anything else."""
        if self.decimal == ",":
            return None if "." in cell else number(cell.replace(",", "."))
        return number(cell)

    @cached_property
    def _missing_numbers(self) -> set[float]:
        found = (number(text.strip().replace(",", ".")) for text in self.missing)
        return {value for value in found if value is not None}


def guess_decimal(table: Table) -> str:
    """Returns "," if the decimals in the first rows all use a comma, "." otherwise."""
    cells = [cell for row in table.rows[:_LOOKED_AT] for cell in row if cell]
    comma, point = Notation(","), Notation(".")
    only_comma = any(comma.number(cell) is not None and "," in cell for cell in cells)
    only_point = any(point.number(cell) is not None and "." in cell for cell in cells)
    return "," if only_comma and not only_point else "."


def value_column(table: Table, name: str | None, others: Sequence[int], notation: Notation) -> int:
    """Returns the index of the target: `name`, or the first numeric column with a name.

    Args:
        table: table of the file.
        name: name of the column, or None.
        others: indices of columns with another role.
        notation: notation of the readings.

    Raises:
        DatasetError: the column does not exist, or no column is numeric.
    """
    if name is not None:
        return table.index(name, "dataset.value")
    for column, title in enumerate(table.columns):
        if title and column not in others and _is_numeric(table, column, notation):
            return column
    other = _OTHER[notation.decimal]
    hint = f" (dataset.decimal={other!r} may help)" if guess_decimal(table) == other else ""
    raise DatasetError(
        f"{table.path}: no column is numeric{hint}:\n"
        f"choose dataset.value from {clipped(', '.join(table.columns), 200)}"
    )


def readings(table: Table, column: int, notation: Notation) -> NDArray[np.float64]:
    """Returns the readings in a column, float64 [R], NaN where one is missing.

    Raises:
        DatasetError: a cell is neither a finite number nor a missing reading.
    """
    values = [notation.value(cell) for cell in table.cells(column)]
    wrong = next((row for row, value in enumerate(values) if value is None), None)
    if wrong is None:
        return np.array(values, dtype=np.float64)
    cell = table.rows[wrong][column]
    hint = (
        f"set dataset.decimal={_OTHER[notation.decimal]!r} if that is the decimal mark"
        if Notation(_OTHER[notation.decimal]).number(cell) is not None
        else f"if it marks a missing reading, add it to dataset.missing=[{clipped(cell, 20)}]"
    )
    raise DatasetError(
        f"{table.place(wrong, column)}: {clipped(cell)!r} is not a finite number:\n{hint}"
    )


def _is_numeric(table: Table, column: int, notation: Notation) -> bool:
    """Returns whether most of the first cells that are not missing are numbers."""
    values = (notation.value(row[column]) for row in table.rows)
    present = (value is not None for value in values if value is None or not np.isnan(value))
    head = list(islice(present, _LOOKED_AT))
    return any(head) and sum(head) * 2 >= len(head)
