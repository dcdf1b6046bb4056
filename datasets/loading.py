"""From the options of the group `dataset` to its series: the one door for every builder."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from inspect import Parameter, signature
from typing import Any

import numpy as np

from datasets.errors import DatasetError, possible
from datasets.frequency import shown
from datasets.series import Series


def load(options: Mapping[str, Any]) -> Series:
    """Returns the series that `options` describes.

    Args:
        options: `_target_` (package.function of the builder); `name` (of the series; null keeps the
            builder's own); `max_gap` (the longest run of missing readings that is accepted, in
            steps; 0 if absent); everything else are the builder's keywords.

    Raises:
        DatasetError: what the builder raises; no such builder or keyword; a gap that is too long.
    """
    keywords = dict(options)
    target = keywords.pop("_target_", None)
    name = keywords.pop("name", None)
    max_gap = keywords.pop("max_gap", 0)
    if isinstance(max_gap, bool) or not isinstance(max_gap, int) or max_gap < 0:
        raise DatasetError(
            f"dataset.max_gap is {max_gap!r}: it must be a number of steps, 0 or more"
        )
    builder = _builder(target)
    _check_keywords(target, builder, keywords)
    series = builder(**keywords)
    if not isinstance(series, Series):
        raise DatasetError(
            f"{target} returned {type(series).__name__}: a builder returns datasets.Series"
        )
    check_gaps(series, max_gap)
    return series if name is None else replace(series, name=str(name))


def check_gaps(series: Series, max_gap: int) -> None:
    """Refuses a run of more than `max_gap` missing readings in any channel.

    Raises:
        DatasetError: names the first and last missing step of the longest run.
    """
    runs = [
        (run, channel) for channel in range(len(series.channels)) for run in _gaps(series, channel)
    ]
    too_long = [
        (stop - start, start, channel) for (start, stop), channel in runs if stop - start > max_gap
    ]
    if not too_long:
        return
    length, start, channel = max(too_long, key=lambda run: run[0])
    first, last = series.timestamps[start], series.timestamps[start + length - 1]
    others = f", and {len(too_long) - 1} more gaps are too long" if len(too_long) > 1 else ""
    raise DatasetError(
        f"{series.name}: {series.channels[channel]} has no reading from {shown(first)} "
        f"to {shown(last)} ({length} steps){others}:\n"
        f"dataset.max_gap={max_gap} is the most that is filled; correct the data, or raise it"
    )


def _gaps(series: Series, channel: int) -> list[tuple[int, int]]:
    """Returns (start, stop) of each run of missing readings of a channel."""
    missing = np.isnan(series.values[:, channel])
    edges = np.flatnonzero(np.diff(missing, prepend=False, append=False))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _builder(target: Any) -> Callable[..., Any]:
    module, _, function = str(target or "").rpartition(".")
    if not module:
        raise DatasetError(
            f"dataset._target_ is {target!r}: it must be package.function of a dataset's builder"
        )
    try:
        found = getattr(import_module(module), function, None)
    except ModuleNotFoundError as error:
        raise DatasetError(
            f"dataset._target_ is {target!r}, which cannot be imported: {error}"
        ) from None
    if not callable(found):
        raise DatasetError(
            f"dataset._target_ is {target!r}, but {module} has no function {function!r}"
        )
    return found  # type: ignore[no-any-return]


def _check_keywords(target: str, builder: Callable[..., Any], keywords: Mapping[str, Any]) -> None:
    parameters = signature(builder).parameters
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    unknown = next((key for key in keywords if key not in parameters), None)
    if unknown is not None:
        raise DatasetError(
            f"dataset.{unknown} is no option of {target}: {possible(unknown, parameters)}"
        )
    needed = [key for key, parameter in parameters.items() if parameter.default is Parameter.empty]
    absent = [key for key in needed if key not in keywords]
    if absent:
        raise DatasetError(f"{target} needs dataset.{absent[0]}, which is not set")
