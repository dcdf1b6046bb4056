"""Good guesses that a study tries first, adapted to its space (`study.enqueue=auto`)."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from datasets import Series
from search.config.dotted import flatten
from search.config.schema import Config, Task
from search.space.conditions import same
from search.space.space import Choice, Parameter, Point, Space, Value, point_key
from search.study.defaults.windows import reaching_window
from search.trial.data import folds_of, seasons_of

# Without these in the space, a study starts with no guesses.
_NEEDED = ("model.skip", "transform.relative", "transform.difference")
_LEVERS = {
    "transform.relative": True,
    "transform.difference": True,
    "transform.seasonal_difference": False,
    "model.dense.layers": 0,
    "training.optimizer": "adam",
    "training.loss": "mse",
}
_GRU = {
    "model.conv.layers": 0,
    "model.recurrent.layers": 1,
    "model.recurrent.cell": "gru",
    "model.recurrent.units": 16,
    "model.recurrent.bidirectional": False,
    "model.recurrent.dropout": 0.0,
    "model.recurrent.recurrent_dropout": 0.0,
}
_CONV = {
    "model.conv.layers": 1,
    "model.conv.filters": 32,
    "model.conv.kernel_size": 3,
    "model.conv.strides": 1,
    "model.recurrent.layers": 0,
}
_LINEAR = {"model.conv.layers": 0, "model.recurrent.layers": 0}
_SHORT_SEASON = 8  # steps
_LONG = 2000  # steps of a training part from which larger batches save time
_GUESSES: tuple[dict[str, Any], ...] = (
    # As good as the linear model itself: a small rate leaves the ridge regression as it is.
    {**_LINEAR, "model.skip": "ridge", "training.learning_rate": 1e-4},
    {**_GRU, "model.skip": "ridge", "training.learning_rate": 1e-3},
    {**_CONV, "model.skip": "ridge", "training.learning_rate": 1e-3},
    {**_GRU, "model.skip": "none", "training.learning_rate": 3e-3},
)


def suited(series: Series, task: Task) -> dict[str, Any]:
    """Returns the values of a good guess that depend on the series, by dotted name.

    Chosen by the validation scores of ridge regressions of monthly, weekly, hourly, … series. Terms
    of the calendar would only repeat a season of a few steps, which the window contains.
    """
    seasons, trained = seasons_of(series, task), folds_of(series, task)[0].train_stop
    return {
        "task.window_size": reaching_window(series.frequency, seasons, trained),
        "transform.calendar": 0 if seasons[0] < _SHORT_SEASON else 2,
        "training.batch_size": 32 if trained < _LONG else 64,
    }


def guesses(config: Config, space: Space, fitting: Mapping[str, Any]) -> list[Point]:
    """Returns points of the space: the linear model, a GRU and a convolution on top, and a GRU.

    A value that the space does not have is replaced by the nearest one. A guess whose blocks or
    skip connection the space does not have is dropped.

    Args:
        config: configuration of the study.
        space: search space of the study.
        fitting: values that suit the series, by dotted name.
    """
    settings = {**flatten(config.plain()), **space.pins}
    if not {*_NEEDED} <= {*space.names, *space.pins}:
        return []
    found: dict[str, Point] = {}
    for guess in _GUESSES:
        wanted = {**settings, **_LEVERS, **guess, **fitting}
        point = space.build(partial(_nearest, wanted))
        if _has_parts({**settings, **point}, guess):
            found.setdefault(point_key(point, None), point)
    return list(found.values())


def _has_parts(values: Mapping[str, Any], guess: Mapping[str, Any]) -> bool:
    """Returns whether a model has the blocks and the skip connection of a guess."""
    blocks = ("model.conv.layers", "model.recurrent.layers")
    same_blocks = all(bool(values.get(block)) is bool(guess[block]) for block in blocks)
    return same_blocks and values.get("model.skip") == guess["model.skip"]


def _nearest(wanted: Mapping[str, Any], parameter: Parameter) -> Value:
    """Returns the value of a parameter that is nearest to the wanted one, or else its first one."""
    value = wanted.get(parameter.name)
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if not isinstance(parameter, Choice):
        low, high = parameter.low, parameter.high
        return parameter.snap(low if number is None else min(max(number, low), high))
    first, numbers = parameter.choices[0], [c for c in parameter.choices if type(c) in (int, float)]
    if number is None:
        return next((choice for choice in parameter.choices if same(choice, value)), first)
    return min(numbers, key=lambda choice: abs(float(choice or 0) - number), default=first)
