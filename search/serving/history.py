"""Raw history as a series: of a file, or of a table that a server was sent."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from datasets import DatasetError, Series, load
from datasets.regular import regular_series
from search.errors import BadInput
from search.serving.forecaster import Forecaster
from search.trust import is_trusted

TIME = "timestamp"


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
    table = {
        "_target_": "datasets.csv.csv",
        "source": path,
        "frequency": known.frequency,
        "delimiter": None,
        "decimal": None,
        "max_gap": known.max_gap,
    }
    order = [known.channels[known.target]]
    inputs = [name for name in known.channels if name not in order]
    ways: list[dict[str, Any]] = [{**table, "value": order[0], "inputs": inputs}]
    if not inputs:
        ways.append(table)
    own = dict(known.dataset)
    if "source" in own and is_trusted("dataset", own.get("_target_"), trusted):
        ways.insert(0, {**own, "name": None, "source": path, "sha256": None})
    problems: list[Exception] = []
    for way in ways:
        try:
            return load(way)
        except DatasetError as error:
            problems.append(error)
    raise problems[0]


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
