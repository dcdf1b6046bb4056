"""Daily weather of Seattle, 2012 to 2015: 1461 days, shipped inside the package vega-datasets.

Source: NOAA's daily summaries as in https://github.com/vega/vega-datasets (seattle-weather.csv).
"""

from typing import Any

from datasets.errors import DatasetError, possible
from datasets.parsing.regular import regular_series
from datasets.series import Series

UNITS = {"precipitation": "mm", "temp_max": "°C", "temp_min": "°C", "wind": "m/s"}


def seattle(*, column: str = "temp_max") -> Series:
    """Returns one column of the table, 1461 daily readings without a gap; no network.

    Args:
        column: precipitation (mm), temp_max or temp_min (°C), wind (m/s).

    Raises:
        DatasetError: there is no such column, or it holds text.
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
