import numpy as np
import pytest

from datasets import DatasetError
from datasets.seattle import UNITS, seattle


@pytest.mark.parametrize("column", UNITS)
def test_every_numeric_column_gives_a_series_without_gaps(column):
    series = seattle(column=column)
    assert series.values.shape == (1461, 1)
    assert series.missing == 0
    assert series.channels == (column,)
    assert series.unit == UNITS[column]
    assert (series.frequency, series.source) == ("D", "vega-datasets")
    assert str(series.timestamps[0].astype("datetime64[D]")) == "2012-01-01"
    assert str(series.timestamps[-1].astype("datetime64[D]")) == "2015-12-31"


def test_the_maximum_temperature_is_the_default():
    values = seattle().values[:, 0]
    assert values[:3].tolist() == [12.8, 10.6, 11.7]
    # MAE of persistence on the last 181 days.
    assert np.abs(np.diff(values))[-181:].mean() == pytest.approx(2.220, abs=5e-4)


@pytest.mark.parametrize("column", ["tempmax", "weather", "date", ""])
def test_other_columns_are_rejected(column):
    with pytest.raises(DatasetError, match=r"dataset\.column is .*possible: precipitation"):
        seattle(column=column)
