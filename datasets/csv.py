"""Reads a delimited text file with a header, a time column and one or more columns of readings."""

from datasets.errors import DatasetError
from datasets.parsing.fetch import local_file, shown_source, stem
from datasets.parsing.numbers import Notation, guess_decimal, readings, value_column
from datasets.parsing.regular import regular_series
from datasets.parsing.table import Table, read_table
from datasets.parsing.text import check_order, number
from datasets.parsing.times import is_time, parse_times, time_column
from datasets.series import Series


def csv(
    *,
    source: str | None,
    sha256: str | None = None,
    time: str | None = None,
    value: str | None = None,
    inputs: tuple[str, ...] = (),
    delimiter: str | None = None,
    decimal: str | None = ".",
    time_format: str | None = None,
    missing: tuple[str, ...] = (),
    frequency: str | None = None,
    unit: str = "",
) -> Series:
    """Returns the series in a file: the target, then the inputs. It is named after the file's stem.

    Args:
        source: path or URL of the file.
        sha256: expected SHA-256 of the file, 64 hex digits; None accepts any file.
        time: name of the time column; None uses the first column that contains times.
        value: name of the column to forecast; None uses the first other numeric column.
        inputs: names of further columns that the model uses as inputs.
        delimiter: one character or "tab"; None guesses among , ; tab |.
        decimal: decimal mark, "." or ","; None guesses.
        time_format: strptime format of the times; None guesses.
        missing: texts that mark a missing reading, in addition to an empty cell and "nan".
        frequency: pandas alias of the step; None infers it.
        unit: unit of the target.

    Raises:
        DatasetError: there is no source, file or column, or a cell, row or time is invalid; the
            message names file, line and column.
    """
    if not source:
        raise DatasetError(
            "dataset=csv needs a file, but dataset.source is null:\n"
            "set dataset.source=<path or URL>"
        )
    path = local_file(source, sha256)
    table = read_table(path, delimiter)
    _check_header(table)
    notation = Notation(guess_decimal(table) if decimal is None else decimal, tuple(missing))
    time_at = time_column(table, time, time_format)
    inputs_at = [table.index(name, "dataset.inputs") for name in inputs]
    value_at = value_column(table, value, [time_at, *inputs_at], notation)
    columns = [value_at, *inputs_at]
    _check_roles(table, time_at, columns)
    times = parse_times(table, time_at, time_format)
    check_order(path, times, table.lines, time_at + 1, table.columns[time_at])
    values = [readings(table, column, notation) for column in columns]
    return regular_series(
        name=stem(source),
        timestamps=times,
        values=list(zip(*values, strict=True)),
        channels=[table.columns[column] for column in columns],
        unit=unit,
        frequency=frequency,
        source=shown_source(source),
    )


def _check_header(table: Table) -> None:
    """Rejects a file whose first line contains readings, which would be lost as column names."""
    titles = [title for title in table.columns if title]
    if any(map(is_time, titles)) and all(is_time(t) or number(t) is not None for t in titles):
        raise DatasetError(
            f"{table.path} has no header: its first line contains readings;\n"
            "add a line that names the columns"
        )


def _check_roles(table: Table, time_at: int, columns: list[int]) -> None:
    roles = [time_at, *columns]
    for column in roles:
        if roles.count(column) > 1:
            raise DatasetError(
                f"column {table.columns[column]!r} has two roles: dataset.time, dataset.value and "
                "dataset.inputs\nmust name different columns; possible: "
                + ", ".join(name for at, name in enumerate(table.columns) if at not in roles)
            )
