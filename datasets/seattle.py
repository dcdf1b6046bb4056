"""Daily weather of Seattle, 2012 to 2015: 1461 days, included in the package vega-datasets.

Source: NOAA daily summaries, from https://github.com/vega/vega-datasets (seattle-weather.csv).
"""

from typing import Any

from datasets.errors import DatasetError, possible
from datasets.parsing.regular import regular_series
from datasets.series import Series

UNITS = {"precipitation": "mm", "temp_max": "°C", "temp_min": "°C", "wind": "m/s"}


def seattle(*, column: str = "temp_max") -> Series:
    """Returns one column of the table: 1461 daily readings without gaps; needs no network.

    Args:
        column: name of the column: precipitation (mm), temp_max or temp_min (°C), wind (m/s).

    Raises:
        DatasetError: the column does not exist or contains text.
    """
    if column not in UNITS:
        raise DatasetError(f"dataset.column is {column!r}: {possible(column, UNITS)}")
    from vega_datasets import data

    table: Any = data.seattle_weather()
    return regular_series(
        name="seattle",
        timestamps=table["date"].to_numpy(),
        values=table[column].to_numpy(),
        channels=(column,),
        unit=UNITS[column],
        frequency="D",
        source="vega-datasets",
    )
