"""From a dataset's options to what folds train on and are scored on.

T steps of the series, V visible steps (all before the test block, in a sweep), C channels,
F features, N forecast origins, H horizon.
"""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets import (
    DatasetError,
    Series,
    load,
)
from datasets.series import default_season
from datasets.split import Fold, split
from datasets.transform import (
    Scaler,
    calendar_features,
    fit_scaler,
    seasonal_differences,
    seasons_ago,
)
from datasets.windows import (
    Windows,
    cut,
    fill_forward,
)
from models.baselines import Problem
from search.config.schema import Config, Task

Array = NDArray[np.float64]
# The block whose targets are scored: a sweep knows the first alone. ALL trains on every reading and
# scores none.
VALIDATION, TEST, ALL = "validation", "test", "all"


def load_series(options: dict[str, Any]) -> Series:
    """Returns the series of the `dataset` group; a process reads the same one only once.

    Raises:
        DatasetError: it cannot be read, or has a gap longer than `dataset.max_gap`.
    """
    return _load(json.dumps(options, sort_keys=True))


@lru_cache(maxsize=4)
def _load(options: str) -> Series:
    described = json.loads(options)
    try:
        return load(described)
    except DatasetError:
        raise
    except (ValueError, OSError) as error:  # of a user's own builder
        raise DatasetError(f"{described['_target_']} cannot build the series:\n{error}") from None


@dataclass(frozen=True, eq=False)
class Visible:
    """What may be seen of a series: everything before the test block, unless that is scored.

    Attributes:
        values: [V, C], gaps filled from the past.
        observed: [V], False where the target was filled.
        timestamps: [V].
        target: channel that is forecast.
        season: steps of one season.
    """

    values: Array
    observed: NDArray[np.bool_]
    timestamps: NDArray[np.datetime64]
    target: int
    season: int

    @property
    def readings(self) -> Array:
        """The target [V], NaN where it is missing."""
        return np.where(self.observed, self.values[:, self.target], np.nan)


@dataclass(frozen=True, eq=False)
class FoldData:
    """What one fold gives to training.

    Attributes:
        train: windows whose targets are fitted; every target is a reading.
        watch: windows at the end of the training part that early stopping watches, or None.
        validation: windows that are scored, or None.
        actual: readings of the validation targets [N, H] in the series' units; NaN if missing.
        scaler: of the series; `target` is the channel that is forecast.
        lag: steps of the season whose change is forecast; 0 where the value itself is.
        reference: scaled values [N, H] a season before the validation targets; 0 without `lag`.
    """

    train: Windows
    watch: Windows | None
    validation: Windows | None
    actual: Array
    scaler: Scaler
    target: int
    lag: int
    reference: Array

    def forecast(self, outputs: Array) -> Array:
        """Returns forecasts [N, H] in the series' units of a net's outputs for `validation`."""
        return self.scaler.invert_target(outputs + self.reference, self.target)


def visible(series: Series, task: Task, block: str = VALIDATION) -> Visible:
    """Returns the part of `series` that may be seen where `block` is scored, gaps filled.

    That is the part before the last `task.test` steps; `TEST` and `ALL` have the whole.
    """
    stop = len(series.values) - (task.test if block == VALIDATION else 0)
    values, observed = fill_forward(series.values[:stop])
    return Visible(
        values=values,
        observed=observed[:, series.target],
        timestamps=series.timestamps[:stop],
        target=series.target,
        season=task.season or default_season(series.frequency),
    )


def folds_of(series: Series, task: Task, block: str = VALIDATION) -> tuple[Fold, ...]:
    """Returns the folds of `series`; `TEST` has one that trains on all before, `ALL` one on all.

    Raises:
        DatasetError: the parts do not fit into the series.
    """
    length = len(series.values)
    if block == TEST:
        return split(length, validation=task.test, test=0)
    if block == ALL:
        return (Fold(0, train_stop=length, validation_stop=length),)
    return split(length, validation=task.validation, test=task.test, folds=task.folds)


def fold_data(seen: Visible, fold: Fold, config: Config) -> FoldData:
    """Returns the windows of one fold; nothing after `fold.train_stop` shapes what is fitted.

    With `training.patience`, the last tenth of the training part is set apart to be watched.

    Raises:
        DatasetError: the window does not fit into the training part.
    """
    task = config.task
    scaler = fit_scaler(config.transform.scaler, _read(seen, fold.train_stop))
    scaled = scaler.apply(seen.values)
    lag = seen.season if config.transform.seasonal_difference else 0
    inputs = seasonal_differences(scaled, lag) if lag else scaled
    terms = calendar_features(seen.timestamps, config.transform.calendar)
    features = np.concatenate([inputs, terms], axis=1).astype(np.float32)
    ago = seasons_ago(np.arange(1, task.horizon + 1), lag) if lag else None

    def reference(origins: NDArray[np.int64]) -> Array:
        if ago is None:
            return np.zeros((1, 1))
        found: Array = scaled[targets(origins, task.horizon) - ago, seen.target]
        return found

    def windows(start: int, stop: int) -> Windows:
        found = cut(
            features,
            scaled[:, seen.target].astype(np.float32),
            seen.observed,
            window_size=task.window_size,
            horizon=task.horizon,
            start=start,
            stop=stop,
            first_step=lag,
        )
        if not lag:
            return found
        return replace(found, y=(found.y - reference(found.origins)).astype(np.float32))

    watched = fold.train_stop // 10 if config.training.patience else 0
    watch_start = fold.train_stop - watched
    scored = fold.validation_stop > fold.train_stop
    validation = windows(fold.train_stop, fold.validation_stop) if scored else None
    origins = validation.origins if validation else np.empty(0, dtype=np.int64)
    return FoldData(
        train=_complete(windows(0, watch_start)),
        watch=_complete(windows(watch_start, fold.train_stop)) if watched else None,
        validation=validation,
        actual=seen.readings[targets(origins, task.horizon)],
        scaler=scaler,
        target=seen.target,
        lag=lag,
        reference=reference(origins),
    )


def origins_of(fold: Fold, task: Task) -> NDArray[np.int64]:
    """Returns the steps [N] at which forecasts of the scored targets of `fold` are made."""
    return np.arange(fold.train_stop - 1, fold.validation_stop - task.horizon)


def targets(origins: NDArray[np.int64], horizon: int) -> NDArray[np.int64]:
    """Returns the steps [N, H] that forecasts from `origins` [N] are about."""
    return origins[:, None] + np.arange(1, horizon + 1)


def problem(seen: Visible, fold: Fold, task: Task) -> Problem:
    """Returns the fold as the baselines see it, with the same targets as every trial."""
    return Problem(
        values=seen.values[:, seen.target],
        observed=seen.observed,
        timestamps=seen.timestamps,
        season=seen.season,
        horizon=task.horizon,
        train_stop=fold.train_stop,
        origins=origins_of(fold, task),
    )


def _read(seen: Visible, stop: int) -> Array:
    """Returns the training part [stop, C] with the target's filled steps left out."""
    values = seen.values[:stop].copy()
    values[~seen.observed[:stop], seen.target] = np.nan
    return values


def _complete(windows: Windows) -> Windows:
    """Returns the windows whose every target is a reading.

    Raises:
        DatasetError: there is none.
    """
    if windows.scored.all():
        return windows
    kept = np.all(windows.scored, axis=1)
    if not kept.any():
        raise DatasetError(
            f"so many readings are missing that none of {len(windows.y)} windows is complete:\n"
            "make task.horizon smaller, or leave out training.patience"
        )
    return windows.where(kept)
