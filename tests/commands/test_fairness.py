"""The rules that make a score fair, as properties of the training and validation data.

They hold for any series with gaps, window, horizon, folds and transforms. They are tested on
`fold_data`, which every trial, finalist and evaluation uses.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from datasets import DatasetError, Series
from search.config.schema import Config, TransformOptions
from search.trial.data import TEST, FoldData, fold_data, folds_of, visible

LENGTH, SEASON = 150, 7


@pytest.fixture(scope="module")
def base(default_config: Config) -> Config:
    task = replace(default_config.task, validation=20, test=15, season=SEASON)
    return replace(default_config, task=task)


@st.composite
def series(draw: st.DrawFn) -> Series:
    """Draws two channels of readings, some of them missing."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = rng.normal(size=(LENGTH, 2)).cumsum(axis=0)
    values[rng.random((LENGTH, 2)) < draw(st.sampled_from([0.0, 0.1, 0.4]))] = np.nan
    values[0], values[-1] = 0.5, 1.5
    days = np.datetime64("2019-12-20", "s") + np.arange(LENGTH) * np.timedelta64(1, "D")
    return Series("any", values, days, ("level", "other"), frequency="D")


transforms = st.builds(
    TransformOptions,
    scaler=st.sampled_from(["standard", "minmax", "robust", "none"]),
    relative=st.booleans(),
    difference=st.booleans(),
    seasonal_difference=st.booleans(),
    calendar=st.integers(0, 2),
)
tasks = st.fixed_dictionaries({"folds": st.integers(1, 2), "horizon": st.integers(1, 9)})
windows = st.integers(1, 20)
patience = st.sampled_from([None, 3])


def parts(
    of: Series,
    base: Config,
    task: dict[str, int],
    window: int,
    block: str = "validation",
    **more: Any,
) -> list[FoldData]:
    config = replace(base, task=replace(base.task, window_size=window, **task))
    if "transform" in more:
        config = replace(config, transform=more["transform"])
    config = replace(config, training=replace(config.training, patience=more.get("patience")))
    seen = visible(of, config.task, block)
    try:
        return [fold_data(seen, fold, config) for fold in folds_of(of, config.task, block)]
    except DatasetError as error:
        if "so many readings are missing" not in str(error):
            raise
        reject()


def changed_after(of: Series, step: int) -> Series:
    """Returns the same series up to `step`, with huge readings from there on."""
    values = of.values.copy()
    values[step:] = 1e12
    return replace(of, values=values)


def same_fit(one: FoldData, other: FoldData) -> bool:
    """Returns whether two folds would train the same model: windows, watched windows and scaler."""
    pairs = [
        (one.train.x, other.train.x),
        (one.train.y, other.train.y),
        (one.scaler.center, other.scaler.center),
        (one.scaler.scale, other.scaler.scale),
    ]
    if one.watch is not None and other.watch is not None:
        pairs += [(one.watch.x, other.watch.x), (one.watch.y, other.watch.y)]
    return (one.watch is None) == (other.watch is None) and all(
        np.array_equal(a, b) for a, b in pairs
    )


@given(series(), tasks, st.tuples(windows, windows), st.tuples(transforms, transforms))
def test_every_trial_is_scored_on_the_same_targets(
    base: Config, of: Series, task: dict[str, int], sizes: Any, options: Any
) -> None:
    one, other = (
        parts(of, base, task, size, transform=transform)
        for size, transform in zip(sizes, options, strict=True)
    )
    for a, b in zip(one, other, strict=True):
        assert np.array_equal(a.validation.origins, b.validation.origins)
        assert np.array_equal(a.actual, b.actual, equal_nan=True)
        assert np.array_equal(a.validation.scored, b.validation.scored)
        assert np.array_equal(a.validation.scored, np.isfinite(a.actual))


@given(series(), tasks, windows, transforms, patience)
def test_fitting_uses_only_the_training_part(
    base: Config, of: Series, task: dict[str, int], window: int, transform: Any, patience: Any
) -> None:
    whole = parts(of, base, task, window, transform=transform, patience=patience)
    config = replace(base.task, **task)
    for number, fold in enumerate(folds_of(of, config)):
        poisoned = changed_after(of, fold.train_stop)
        again = parts(poisoned, base, task, window, transform=transform, patience=patience)
        assert same_fit(whole[number], again[number])


@given(series(), tasks, windows, transforms)
def test_early_stopping_watches_the_end_of_the_training_part(
    base: Config, of: Series, task: dict[str, int], window: int, transform: Any
) -> None:
    config = replace(base.task, **task)
    for fold, data in zip(
        folds_of(of, config),
        parts(of, base, task, window, transform=transform, patience=1),
        strict=True,
    ):
        assert data.watch is not None
        last_fitted = int(data.train.origins[-1]) + config.horizon
        first, last = data.watch.origins[0] + 1, data.watch.origins[-1] + config.horizon
        assert last_fitted < fold.train_stop - fold.train_stop // 10 <= first
        assert last < fold.train_stop <= data.validation.origins[0] + 1


@given(series(), tasks, windows, transforms, patience)
def test_a_sweep_does_not_read_the_test_block(
    base: Config, of: Series, task: dict[str, int], window: int, transform: Any, patience: Any
) -> None:
    options = {"transform": transform, "patience": patience}
    poisoned = changed_after(of, LENGTH - base.task.test)
    for a, b in zip(
        parts(of, base, task, window, **options),
        parts(poisoned, base, task, window, **options),
        strict=True,
    ):
        assert same_fit(a, b)
        assert np.array_equal(a.validation.x, b.validation.x)
        assert np.array_equal(a.reference, b.reference)
        assert np.array_equal(a.actual, b.actual, equal_nan=True)


@given(series(), tasks, windows, transforms)
def test_an_evaluation_is_fitted_before_the_test_block(
    base: Config, of: Series, task: dict[str, int], window: int, transform: Any
) -> None:
    start = LENGTH - base.task.test
    task = {**task, "folds": 1}
    (data,) = parts(of, base, task, window, TEST, transform=transform)
    (other,) = parts(changed_after(of, start), base, task, window, TEST, transform=transform)
    assert same_fit(data, other)
    assert data.validation.origins[0] == start - 1
    assert data.validation.origins[-1] + task["horizon"] == LENGTH - 1


@given(series(), tasks, windows, transforms)
def test_a_perfect_model_has_an_error_of_zero_in_the_series_units(
    base: Config, of: Series, task: dict[str, int], window: int, transform: Any
) -> None:
    """Inverting the transform of the training targets returns the readings."""
    for data in parts(of, base, task, window, transform=transform):
        forecast = data.forecast(data.validation.y.astype(np.float64))
        assert np.nanmax(np.abs(forecast - data.actual), initial=0) < 1e-4 * (
            1 + np.nanmax(np.abs(data.actual), initial=0)
        )
