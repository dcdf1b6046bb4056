"""Valid values of each configuration key, checked before anything is read, trained or stored."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from math import isfinite
from typing import Any, cast

from omegaconf import OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException

from search.config.dotted import flatten
from search.config.schema import AUTO, TARGET_GROUPS, Config, worker_count
from search.config.signatures import checked_options
from search.errors import BadInput, nearest

# Arguments that the program passes to a builder, in addition to the options of its group.
SUPPLIED = {
    "dataset": (),
    "model": ("input_shape", "horizon"),
    "backend": ("space", "epochs", "seed", "restored"),
    "pruner": (),
}


@dataclass(frozen=True)
class AtLeast:
    """A finite number of at least `low`, or above it if `open`; None is valid."""

    low: float
    open: bool = False

    def check(self, value: Any) -> str | None:
        """Returns what was expected, or None if `value` is valid."""
        number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
        if value is None or (number and (value > self.low if self.open else value >= self.low)):
            return None
        return f"expected a number {'above' if self.open else 'of at least'} {self.low:g}"


@dataclass(frozen=True)
class Steps:
    """A whole number of at least `low`, or `auto`."""

    low: int

    def check(self, value: Any) -> str | None:
        """Returns what was expected, or None if `value` is valid."""
        if value == AUTO or (type(value) is int and value >= self.low):
            return None
        return f"expected a number of at least {self.low}, or auto"


@dataclass(frozen=True)
class Between:
    """A number from `low` to `high`; None is valid."""

    low: float
    high: float

    def check(self, value: Any) -> str | None:
        """Returns what was expected, or None if `value` is valid."""
        if value is None or self.low <= value <= self.high:
            return None
        return f"expected a number from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Share:
    """A number of at least 0 and below 1."""

    def check(self, value: Any) -> str | None:
        """Returns what was expected, or None if `value` is valid."""
        return None if 0 <= value < 1 else "expected a number of at least 0 and below 1"


@dataclass(frozen=True)
class Memory:
    """An amount of memory in Dask's notation."""

    def check(self, value: Any) -> str | None:
        """Returns what was expected, or None if `value` is valid."""
        known = re.fullmatch(r"(?i)auto|\d+(\.\d+)?\s*([kmgt]i?)?b?", str(value))
        return None if known else "expected auto, 0 for no limit, or an amount such as 4GB"


@dataclass(frozen=True)
class OneOf:
    """One of several strings, or one of the values that they had in earlier versions."""

    options: tuple[str, ...]
    former: tuple[Any, ...] = ()

    def check(self, value: Any) -> str | None:
        """Returns the possible values, or None if `value` is valid."""
        return None if value in (*self.options, *self.former) else nearest(value, self.options)


@dataclass(frozen=True)
class Objectives:
    """The score metric, or a list that begins with it."""

    score: str
    others: tuple[str, ...]

    def check(self, value: Any) -> str | None:
        """Returns what was expected, or None if `value` is valid."""
        given = list(value) if isinstance(value, list | tuple) else [value]
        known = all(name in (self.score, *self.others) for name in given)
        if known and len(set(given)) == len(given) and given[:1] == [self.score]:
            return None
        return f"possible: {self.score}, or [{self.score}, {', '.join(self.others)}]"


@dataclass(frozen=True)
class Seasons:
    """A whole number of steps, a list of different ones, or None."""

    def check(self, value: Any) -> str | None:
        """Returns what was expected, or None where `value` is fine."""
        given = list(value) if isinstance(value, list | tuple) else [value]
        whole = all(type(one) is int and one >= 1 for one in given)
        if value is None or (given and whole and len(set(given)) == len(given)):
            return None
        return "expected a number of at least 1, or a list of different ones such as [24,168]"


@dataclass(frozen=True)
class Points:
    """A list of points, or `auto`."""

    def check(self, value: Any) -> str | None:
        """Returns what was expected, or None if `value` is valid."""
        if value == AUTO or isinstance(value, list | tuple):
            return None
        return "expected auto, or a list of points such as [{task.window_size: 9}]"


Rule = Points | Seasons | Steps | AtLeast | Between | Share | Memory | OneOf | Objectives

_TIME_LIMIT = 60.0  # seconds, for a baseline whose options set none

RULES: Mapping[str, Rule] = {
    "dataset.max_gap": Steps(0),
    "task.window_size": Steps(1),
    "task.horizon": AtLeast(1),
    "task.validation": Steps(1),
    "task.test": Steps(0),
    "task.folds": Steps(1),
    "task.season": Seasons(),
    "transform.scaler": OneOf(("standard", "minmax", "robust", "none")),
    "transform.calendar": AtLeast(0),
    "model.head": OneOf(("flatten", "last")),
    "model.skip": OneOf(("none", "trained", "ridge"), former=(False, True)),
    "model.shrinkage": AtLeast(0),
    "training.epochs": AtLeast(1),
    "training.batch_size": AtLeast(1),
    "training.optimizer": OneOf(("sgd", "adam", "adamw", "rmsprop")),
    "training.learning_rate": AtLeast(0, open=True),
    "training.momentum": Share(),
    "training.loss": OneOf(("mse", "mae", "huber")),
    "training.patience": AtLeast(1),
    "training.schedule": OneOf(("constant", "cosine", "exponential")),
    "training.clipnorm": AtLeast(0, open=True),
    "study.trials": AtLeast(1),
    "study.timeout": AtLeast(0, open=True),
    "study.epochs": AtLeast(1),
    "study.target": AtLeast(0),
    "study.executions": AtLeast(1),
    "study.seed": AtLeast(0),
    "study.objective": Objectives("validation/mae", ("parameters",)),
    "study.finalists": AtLeast(0),
    "study.finalist_executions": AtLeast(1),
    "study.ensemble": OneOf(("auto", "none")),
    "study.max_failed": AtLeast(1),
    "study.enqueue": Points(),
    "study.warm_trials": AtLeast(1),
    "engine.memory_limit": Memory(),
    "engine.recycle_mb": AtLeast(1),
    "engine.threads": AtLeast(1),
    "engine.retries": AtLeast(0),
    "tracking.models": OneOf(("all", "best", "none")),
    "tracking.figures": OneOf(("all", "best", "none")),
}


def validated(config: Config) -> Config:
    """Returns `config` with all values checked and the builder options completed with defaults.

    Raises:
        BadInput: a key, type or value is not valid.
    """
    plain = config.plain()
    groups = [entry.name for entry in fields(config) if entry.name != "space"]
    checked = {group: checked_group(group, plain[group]) for group in groups}
    worker_count(config)
    completed: dict[str, Any] = {group: checked[group] for group in (*TARGET_GROUPS, "baselines")}
    return replace(config, **completed)


def checked_group(group: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the checked options of one group, with their types.

    Raises:
        BadInput: a key, type or value is not valid.
    """
    if group in TARGET_GROUPS:
        typed = checked_options(group, options, SUPPLIED[group])
    elif group == "baselines":
        return {name: _checked_baseline(name, own) for name, own in options.items()}
    else:
        typed = _typed(group, options)
    for name, value in flatten({group: typed}).items():
        if name in RULES:
            check_value(name, value, RULES[name])
    return typed


def _checked_baseline(name: str, options: Any) -> dict[str, Any]:
    """Returns the options of a textbook baseline, with their types and its time limit.

    Raises:
        BadInput: a key, type or value is not valid.
    """
    group = f"baselines.{name}"
    if not isinstance(options, Mapping):
        raise BadInput(f"{group} is {options!r}: expected the options of a baseline")
    own = {key: value for key, value in options.items() if key != "time_limit"}
    checked = checked_options(group, own, ("problem",))
    checked["time_limit"] = options.get("time_limit", _TIME_LIMIT)
    checked.pop("name")
    check_value(f"{group}.time_limit", checked["time_limit"], AtLeast(0, open=True))
    if "longest_history" in checked:
        check_value(f"{group}.longest_history", checked["longest_history"], AtLeast(10))
    return checked


def check_value(name: str, value: Any, rule: Rule) -> None:
    """Checks a value against a rule; `name` is the key in the message.

    Raises:
        BadInput: the value does not satisfy `rule`.
    """
    expected = rule.check(value)
    if expected:
        raise BadInput(f"{name} is {value!r}: {expected}")


def _typed(group: str, options: Mapping[str, Any]) -> dict[str, Any]:
    schema = OmegaConf.structured(Config)
    try:
        merged = OmegaConf.merge(schema[group], dict(options))
    except ConfigKeyError as error:
        key = str(error.key)
        raise BadInput(
            f"{error.full_key} is not a configuration key: {nearest(key, schema[group])}"
        ) from None
    except OmegaConfBaseException as error:
        raise BadInput(f"{error.full_key}: {str(error).splitlines()[0]}") from None
    return cast(dict[str, Any], OmegaConf.to_container(merged))
