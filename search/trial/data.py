"""Prepares the data that each fold trains on and is scored on, from the options of a dataset.

Letters: T steps of the series, V visible steps (in a sweep, those before the test block),
C channels, F features, N forecast origins, H horizon.
"""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets import DatasetError, Series, load
from datasets.series import default_seasons
from datasets.split import Fold, split
from datasets.transform import (
    Scaler,
    calendar_features,
    fit_scaler,
    seasonal_differences,
    seasons_ago,
)
from datasets.windows import Windows, cut, fill_forward
from models.baselines import Problem
from search.config.schema import Config, Task

Array = NDArray[np.float64]
# The block whose targets are scored. A sweep uses only VALIDATION. ALL trains on every reading and
# scores none.
VALIDATION, TEST, ALL = "validation", "test", "all"


def load_series(options: dict[str, Any]) -> Series:
    """Returns the series of the `dataset` group; each process reads the same series only once.

    Raises:
        DatasetError: the series cannot be read, or has a gap longer than `dataset.max_gap`.
    """
    return _load(json.dumps(options, sort_keys=True))


@lru_cache(maxsize=4)
def _load(options: str) -> Series:
    described = json.loads(options)
    try:
        return load(described)
    except DatasetError:
        raise
    except (ValueError, OSError) as error:  # from a user's builder
        raise DatasetError(f"{described['_target_']} cannot build the series:\n{error}") from None


@dataclass(frozen=True, eq=False)
class Visible:
    """The visible part of a series: everything before the test block, unless that is scored.

    Attributes:
        values: readings [V, C], with gaps filled from the past.
        observed: flags [V], False where the target was filled.
        timestamps: times of the steps [V].
        target: index of the channel that is forecast.
        season: length of the main season in steps.
        seasons: lengths of all seasons in steps, the main one first.
    """

    values: Array
    observed: NDArray[np.bool_]
    timestamps: NDArray[np.datetime64]
    target: int
    season: int
    seasons: tuple[int, ...]

    @property
    def readings(self) -> Array:
        """The target [V]; NaN where a reading is missing."""
        return np.where(self.observed, self.values[:, self.target], np.nan)


@dataclass(frozen=True, eq=False)
class FoldData:
    """The data of one fold.

    Attributes:
        train: windows to train on; none of their targets is missing.
        watch: windows at the end of the training part that early stopping watches, or None.
        validation: windows to score, or None.
        actual: readings of the validation targets [N, H] in the series' units; NaN if missing.
        scaler: scaler of the series, fitted on the training part.
        target: index of the channel that is forecast.
        lag: season in steps if the change since last season is forecast; 0 if the value itself is.
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
        """Converts a model's outputs for `validation` to forecasts [N, H] in the series' units."""
        return self.scaler.invert_target(outputs + self.reference, self.target)


def visible(series: Series, task: Task, block: str = VALIDATION) -> Visible:
    """Returns the part of `series` that is visible when `block` is scored, with gaps filled.

    `VALIDATION` leaves out the last `task.test` steps; `TEST` and `ALL` use the whole series.
    """
    stop = len(series.values) - (task.test if block == VALIDATION else 0)
    values, observed = fill_forward(series.values[:stop])
    seasons = seasons_of(series, task)
    return Visible(
        values=values,
        observed=observed[:, series.target],
        timestamps=series.timestamps[:stop],
        target=series.target,
        season=seasons[0],
        seasons=seasons,
    )


def seasons_of(series: Series, task: Task) -> tuple[int, ...]:
    """Returns the lengths of the seasons in steps, the main one first: given, or the usual ones."""
    given = task.season if isinstance(task.season, list | tuple) else [task.season]
    return tuple(given) if list(given) != [None] else default_seasons(series.frequency)


def folds_of(series: Series, task: Task, block: str = VALIDATION) -> tuple[Fold, ...]:
    """Returns the folds of `series` for scoring `block`.

    `TEST` has one fold, which trains on everything before the test block. `ALL` has one fold, which
    trains on the whole series.

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
    """Returns the data of one fold; nothing after `fold.train_stop` affects what is fitted.

    With `training.patience`, the last tenth of the training part is held out for early stopping.

    Raises:
        DatasetError: the window does not fit into the training part.
    """
    task = config.task
    scaler = fit_scaler(config.transform.scaler, _training_part(seen, fold.train_stop))
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
    """Returns the steps [N] at which the scored targets of `fold` are forecast."""
    return np.arange(fold.train_stop - 1, fold.validation_stop - task.horizon)


def targets(origins: NDArray[np.int64], horizon: int) -> NDArray[np.int64]:
    """Returns the steps [N, H] that are forecast from `origins` [N]."""
    return origins[:, None] + np.arange(1, horizon + 1)


def problem(seen: Visible, fold: Fold, task: Task) -> Problem:
    """Returns the fold as a problem for the baselines, with the same targets as every trial.

    A fold that trains on the whole series has no targets; its problem has those that come last.
    """
    origins = origins_of(fold, task)
    if fold.train_stop == fold.validation_stop:
        origins = np.array([fold.train_stop - 1 - task.horizon])
    return Problem(
        values=seen.values[:, seen.target],
        observed=seen.observed,
        timestamps=seen.timestamps,
        season=seen.season,
        seasons=seen.seasons,
        inputs=np.delete(seen.values, seen.target, axis=1),
        horizon=task.horizon,
        train_stop=fold.train_stop,
        origins=origins,
    )


def _training_part(seen: Visible, stop: int) -> Array:
    """Returns the training part [stop, C], with NaN where the target was filled."""
    values = seen.values[:stop].copy()
    values[~seen.observed[:stop], seen.target] = np.nan
    return values


def _complete(windows: Windows) -> Windows:
    """Returns the windows in which no target is missing.

    Raises:
        DatasetError: there is no such window.
    """
    if windows.scored.all():
        return windows
    kept = np.all(windows.scored, axis=1)
    if not kept.any():
        raise DatasetError(
            f"so many readings are missing that none of the {len(windows.y)} windows is complete:\n"
            "reduce task.horizon, or set training.patience=null"
        )
    return windows.where(kept)
