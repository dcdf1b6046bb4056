"""Replaces every `auto` of a configuration by a value that fits the series."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from datasets import DatasetError, Series
from datasets.series import default_gap
from search.config.dotted import flatten, with_values
from search.config.schema import AUTO, Config, Task
from search.space.notation import LEFT_TO_SERIES
from search.study.defaults.lengths import with_lengths
from search.study.defaults.windows import window_choices, window_size
from search.trial.data import folds_of, seasons_of

_WINDOW, _SEASONAL = "task.window_size", "transform.seasonal_difference"
# Seasons in the training part from which differences between seasons are worth a trial.
_SEASONS = 4


def resolved(config: Config, series: Series) -> Config:
    """Returns the configuration without `auto` in `dataset`, `task` and `space`.

    Raises:
        DatasetError: the series is too short; the message says what would work.
    """
    left = _left(config)
    if not left:
        return config
    dataset = dict(config.dataset)
    space: dict[str, Any] = {}
    if "dataset.max_gap" in left:
        dataset["max_gap"] = default_gap(series.frequency)
    seasons = seasons_of(series, config.task)
    task = with_lengths(config.task, len(series.values), seasons)
    trained = folds_of(series, task)[0].train_stop
    if f"space.{_SEASONAL}" in left:
        worthwhile = 1 < seasons[0] <= trained // _SEASONS
        space[_SEASONAL] = [False, True] if worthwhile else False
    seasonal = _may_be_seasonal(config, space)
    room = _room(task, trained - (seasons[0] if seasonal else 0))
    if f"space.{_WINDOW}" in left:
        choices = window_choices(series.frequency, seasons, room)
        space[_WINDOW] = choices if len(choices) > 1 else choices[0]
    if task.window_size == AUTO:
        task = replace(task, window_size=window_size(series.frequency, seasons, room))
    return replace(config, dataset=dataset, task=task, space=with_values(config.space, space))


def chosen(before: Config, after: Config) -> dict[str, Any]:
    """Returns what each `auto` of a configuration came to, by dotted name."""
    found = flatten(after.plain())
    return {name: found[name] for name in _left(before)}


def _left(config: Config) -> list[str]:
    """Returns the keys whose values are left to the series."""
    values = flatten(config.plain())
    names = ["dataset.max_gap"]
    names += [f"task.{name}" for name in ("validation", "test", "folds", "window_size")]
    return [n for n in (*names, *(f"space.{n}" for n in LEFT_TO_SERIES)) if values.get(n) == AUTO]


def _may_be_seasonal(config: Config, space: Mapping[str, Any]) -> bool:
    """Returns whether a trial may see the change from one season earlier.

    Args:
        config: configuration before the values of `space` are set.
        space: leaves of the space, by dotted name.
    """
    leaf = space.get(_SEASONAL, flatten(config.space).get(_SEASONAL))
    if leaf is None:
        return config.transform.seasonal_difference
    return True in leaf if isinstance(leaf, list) else bool(leaf)


def _room(task: Task, steps: int) -> int:
    """Returns the longest window that leaves as many windows to train on as it has steps.

    Raises:
        DatasetError: not even a window of one step fits.
    """
    room = (steps - task.horizon + 1) // 2
    if room < 1:
        raise DatasetError(
            f"only {steps} steps are left to train on, too few for task.horizon={task.horizon}:\n"
            "reduce task.validation, task.test, task.folds or task.horizon, or set "
            "transform.seasonal_difference=false"
        )
    return room
