"""Raw history as a series: of a file, or of a table that a server was sent."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from datasets import (
    DatasetError,
    Series,
    load,
)
from datasets.parsing.fetch import local_file
from datasets.parsing.regular import regular_series
from datasets.parsing.table import read_table
from search.config.signatures import checked_options
from search.config.trust import is_trusted
from search.errors import BadInput
from search.serving.forecaster import Forecaster

TIME = "timestamp"
_CSV = "datasets.csv.csv"


def from_file(path: str, known: Forecaster, trusted: Collection[str] = ()) -> Series:
    """Returns the history in a file: one of the dataset's own format, or any table with a header.

    Of a table, the columns of the model's channels are taken; where it has one channel and the
    table no column of that name, the first column of numbers beside the times.

    Args:
        path: of the file.
        known: the model that shall go on from it.
        trusted: packages beside ours that may read it.

    Raises:
        DatasetError, BadInput: no way to read it fits.
    """
    target = known.channels[known.target]
    inputs = [name for name in known.channels if name != target]
    own = {**known.dataset, "name": None, "source": path}
    readable = "source" in known.dataset and is_trusted("dataset", own.get("_target_"), trusted)
    tables: list[dict[str, Any]] = [{"delimiter": None, "decimal": None, "max_gap": known.max_gap}]
    if readable:
        own = checked_options("dataset", own)
    if readable and own["_target_"] == _CSV:
        tables.insert(0, own)  # the notation of the training file is the likeliest
    # Where a column has the name of the target, no other will do, whatever is wrong with that one.
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
        except (ValueError, OSError) as error:  # a DatasetError, or what a user's builder raises
            problems.append((way, error))
    told = next(error for way, error in problems if way is likeliest)
    raise DatasetError(f"{told}\nthe model of {known.series} takes steps of {known.frequency}")


def _columns(path: str, delimiter: str | None) -> Collection[str]:
    try:
        return read_table(local_file(path, None), delimiter).columns
    except DatasetError:
        return ()


def from_table(table: pd.DataFrame, known: Forecaster) -> Series:
    """Returns the history in a table with a column `timestamp` and one a channel.

    Raises:
        BadInput: a column is missing.
        DatasetError: its times are not in order or not regular, or it has no readings.
    """
    columns = [TIME, *known.channels]
    missing = [name for name in columns if name not in table]
    if missing:
        raise BadInput(
            f"the history has no column {missing[0]!r}: it needs {', '.join(columns)}, "
            f"and has {', '.join(map(str, table.columns))}"
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
