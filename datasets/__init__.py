"""Reads time series, splits and scales them, and cuts them into windows."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from inspect import Parameter, signature
from typing import Any

from datasets.errors import DatasetError, possible
from datasets.parsing.fetch import local_file
from datasets.parsing.regular import check_gaps, regular_series
from datasets.series import Series, default_gap

__all__ = ["DatasetError", "Series", "load", "local_file", "regular_series"]


def load(options: Mapping[str, Any]) -> Series:
    """Returns the series that `options` describes.

    Args:
        options: `_target_` (package.function of the builder); `name` (name of the series; None
            keeps the builder's); `max_gap` (the longest accepted run of missing readings, in
            steps; 0 by default, "auto" depends on the frequency); all other keys are passed
            to the builder.

    Raises:
        DatasetError: the builder or a keyword does not exist, the builder fails, or a gap is too
            long.
    """
    keywords = dict(options)
    target = keywords.pop("_target_", None)
    name = keywords.pop("name", None)
    max_gap = keywords.pop("max_gap", 0)
    whole = isinstance(max_gap, int) and not isinstance(max_gap, bool) and max_gap >= 0
    if not whole and max_gap != "auto":
        raise DatasetError(
            f"dataset.max_gap is {max_gap!r}: it must be a number of steps, 0 or more, or auto"
        )
    builder = _builder(target)
    _check_keywords(target, builder, keywords)
    series = builder(**keywords)
    if not isinstance(series, Series):
        raise DatasetError(
            f"{target} returned {type(series).__name__}: a builder must return a datasets.Series"
        )
    check_gaps(series, default_gap(series.frequency) if max_gap == "auto" else max_gap)
    return series if name is None else replace(series, name=str(name))


def _builder(target: Any) -> Callable[..., Any]:
    module, _, function = str(target or "").rpartition(".")
    if not module:
        raise DatasetError(
            f"dataset._target_ is {target!r}: it must be the package.function of a dataset builder"
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
            f"dataset.{unknown} is not an option of {target}: {possible(unknown, parameters)}"
        )
    needed = [key for key, parameter in parameters.items() if parameter.default is Parameter.empty]
    absent = [key for key in needed if key not in keywords]
    if absent:
        raise DatasetError(f"{target} needs dataset.{absent[0]}, which is not set")
