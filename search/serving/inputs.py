"""Reads raw history as a series, from a file or from a table sent to a server."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from datasets import DatasetError, Series, load
from datasets.parsing.fetch import local_file
from datasets.parsing.regular import regular_series
from datasets.parsing.table import read_table
from search.config.signatures import checked_options
from search.config.trust import is_trusted
from search.errors import BadInput
from search.serving.described import Described

TIME = "timestamp"
_CSV = "datasets.csv.csv"


def from_file(path: str, known: Described, trusted: Collection[str] = ()) -> Series:
    """Returns the history in a file: in the dataset's own format, or a table with a header.

    A table needs columns with the names of the model's channels. If the model has only one channel
    and no column has its name, the first column of numbers other than the times is used.

    Args:
        path: path of the file.
        known: model that forecasts from the history.
        trusted: packages besides Sweepcast that may read the file.

    Raises:
        DatasetError, BadInput: the file cannot be read in any of these ways.
    """
    target = known.channels[known.target]
    inputs = [name for name in known.channels if name != target]
    own = {**known.dataset, "name": None, "source": path}
    readable = "source" in known.dataset and is_trusted("dataset", own.get("_target_"), trusted)
    tables: list[dict[str, Any]] = [{"delimiter": None, "decimal": None, "max_gap": known.max_gap}]
    if readable:
        own = checked_options("dataset", own)
    if readable and own["_target_"] == _CSV:
        tables.insert(0, own)  # most likely the format of the training file
    # If a column has the target's name, only that column is used, even if it cannot be read.
    named = any(target in _columns(path, table["delimiter"]) for table in tables)
    role = {
        "_target_": _CSV,
        "source": path,
        "frequency": known.frequency,
        "value": target if named or inputs else None,
        "inputs": inputs,
    }
    ways = [{**table, **role} for table in tables]
    likeliest = ways[0]
    if readable and own["_target_"] != _CSV:
        ways.insert(0, own)
        likeliest = likeliest if named else own
    problems: list[tuple[dict[str, Any], Exception]] = []
    for way in ways:
        try:
            return load(way)
        except (ValueError, OSError) as error:  # DatasetError, or an error in a user's builder
            problems.append((way, error))
    cause = next(error for way, error in problems if way is likeliest)
    raise DatasetError(f"{cause}\nthe model of {known.series} needs steps of {known.frequency}")


def _columns(path: str, delimiter: str | None) -> Collection[str]:
    try:
        return read_table(local_file(path, None), delimiter).columns
    except DatasetError:
        return ()


def from_table(table: pd.DataFrame, known: Described) -> Series:
    """Returns the history in a table with a column `timestamp` and one column per channel.

    Raises:
        BadInput: a column is missing.
        DatasetError: the times are not in order or not regular, or there are no readings.
    """
    columns = [TIME, *known.channels]
    missing = [name for name in columns if name not in table]
    if missing:
        raise BadInput(
            f"the history has no column {missing[0]!r}: it needs {', '.join(columns)}; "
            f"it has {', '.join(map(str, table.columns))}"
        )
    times = pd.to_datetime(table[TIME]).to_numpy(dtype="datetime64[s]")
    return regular_series(
        name=known.series,
        timestamps=times,
        values=table[list(known.channels)].to_numpy(dtype=np.float64),
        channels=known.channels,
        target=known.target,
        unit=known.unit,
        frequency=known.frequency,
        source="the history",
    )
