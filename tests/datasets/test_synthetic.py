import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import DatasetError
from datasets.synthetic import synthetic


def test_the_series_of_the_chapter():
    series = synthetic()
    values = series.values[:, 0]
    assert values.shape == (1461,)
    assert values[0] == pytest.approx(10 + 20 + 5 * 0.4967141530112327)
    # MAE of persistence and of the seasonal naive forecast on the last 461 steps.
    assert np.abs(np.diff(values))[-461:].mean() == pytest.approx(5.800, abs=5e-4)
    assert np.abs(values[365:] - values[:-365])[-461:].mean() == pytest.approx(32.96, abs=5e-3)
    assert str(series.timestamps[0].astype("datetime64[D]")) == "2001-01-01"
    assert str(series.timestamps[-1].astype("datetime64[D]")) == "2004-12-31"


def test_the_seasonal_pattern_is_a_cosine_then_an_exponential():
    values = synthetic(steps=20, baseline=1, slope=0, amplitude=2, period=10, noise=0).values[:, 0]
    share = np.arange(10) / 10
    expected = 1 + 2 * np.where(share < 0.4, np.cos(2 * np.pi * share), np.exp(-3 * share))
    assert np.allclose(values, np.tile(expected, 2))


@given(
    seed=st.integers(0, 2**32 - 1),
    steps=st.integers(2, 50),
    period=st.integers(1, 60),
    noise=st.floats(0, 10),
)
def test_the_same_options_give_the_same_series(seed, steps, period, noise):
    options = {"seed": seed, "steps": steps, "period": period, "noise": noise}
    assert synthetic(**options).digest == synthetic(**options).digest


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *[("steps", 1), ("steps", 10**12), ("period", 0), ("noise", -0.1), ("seed", -1)],
        *[("seed", 2**32), ("slope", np.nan), ("baseline", np.inf), ("amplitude", -np.inf)],
    ],
)
def test_values_out_of_range_are_rejected(option, value):
    with pytest.raises(DatasetError, match=rf"dataset\.{option} is"):
        synthetic(**{option: value})
