"""What each configuration key may hold, checked before anything is read, trained or stored."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from math import isfinite
from typing import Any, cast

from omegaconf import OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException

from search.config.dotted import flatten
from search.config.schema import (
    TARGET_GROUPS,
    Config,
    worker_count,
)
from search.config.signatures import checked_options
from search.errors import BadInput, nearest

# What the program passes to a builder beside the options of its group.
SUPPLIED = {
    "dataset": (),
    "model": ("input_shape", "horizon"),
    "backend": ("space", "epochs", "seed", "restored"),
    "pruner": (),
}


@dataclass(frozen=True)
class AtLeast:
    """A finite number not below `low`, which `open` excludes; None passes if the key allows it."""

    low: float
    open: bool = False

    def check(self, value: Any) -> str | None:
        """Returns what was expected, or None where `value` is fine."""
        number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
        if value is None or (number and (value > self.low if self.open else value >= self.low)):
            return None
        return f"expected a number {'above' if self.open else 'of at least'} {self.low:g}"


@dataclass(frozen=True)
class Between:
    """A number from `low` to `high`; None passes if the key allows it."""

    low: float
    high: float

    def check(self, value: Any) -> str | None:
        """Returns what was expected, or None where `value` is fine."""
        if value is None or self.low <= value <= self.high:
            return None
        return f"expected a number from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Share:
    """A number from 0 to below 1."""

    def check(self, value: Any) -> str | None:
        """Returns what was expected, or None where `value` is fine."""
        return None if 0 <= value < 1 else "expected a number from 0 to below 1"


@dataclass(frozen=True)
class Memory:
    """An amount of memory, as Dask reads it."""

    def check(self, value: Any) -> str | None:
        """Returns what was expected, or None where `value` is fine."""
        known = re.fullmatch(r"(?i)auto|\d+(\.\d+)?\s*([kmgt]i?)?b?", str(value))
        return None if known else "expected auto, 0 for no limit, or an amount such as 4GB"


@dataclass(frozen=True)
class OneOf:
    """One of a few texts."""

    options: tuple[str, ...]

    def check(self, value: Any) -> str | None:
        """Returns what was possible, or None where `value` is fine."""
        return None if value in self.options else nearest(value, self.options)


@dataclass(frozen=True)
class Objectives:
    """One metric, or a list of several that begins with the score."""

    score: str
    others: tuple[str, ...]

    def check(self, value: Any) -> str | None:
        """Returns what was expected, or None where `value` is fine."""
        given = list(value) if isinstance(value, list | tuple) else [value]
        known = all(name in (self.score, *self.others) for name in given)
        if known and len(set(given)) == len(given) and given[:1] == [self.score]:
            return None
        return f"possible: {self.score}, or [{self.score}, {', '.join(self.others)}]"


Rule = AtLeast | Between | Share | Memory | OneOf | Objectives

RULES: Mapping[str, Rule] = {
    "dataset.max_gap": AtLeast(0),
    "task.window_size": AtLeast(1),
    "task.horizon": AtLeast(1),
    "task.validation": AtLeast(1),
    "task.test": AtLeast(0),
    "task.folds": AtLeast(1),
    "task.season": AtLeast(1),
    "transform.scaler": OneOf(("standard", "minmax", "robust", "none")),
    "transform.calendar": AtLeast(0),
    "model.head": OneOf(("flatten", "last")),
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
    "study.max_failed": AtLeast(1),
    "study.warm_trials": AtLeast(1),
    "engine.memory_limit": Memory(),
    "engine.recycle_mb": AtLeast(1),
    "engine.threads": AtLeast(1),
    "engine.retries": AtLeast(0),
    "tracking.models": OneOf(("all", "best", "none")),
    "tracking.figures": OneOf(("all", "best", "none")),
}


def validated(config: Config) -> Config:
    """Returns `config` with the groups of builders complete and every value checked.

    Raises:
        BadInput: a key, type or value that is not possible.
    """
    plain = config.plain()
    groups = [entry.name for entry in fields(config) if entry.name != "space"]
    checked = {group: checked_group(group, plain[group]) for group in groups}
    worker_count(config)
    completed: dict[str, Any] = {group: checked[group] for group in TARGET_GROUPS}
    return replace(config, **completed)


def checked_group(group: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options of one group, typed and checked.

    Raises:
        BadInput: a key, type or value that is not possible.
    """
    if group in TARGET_GROUPS:
        typed = checked_options(group, options, SUPPLIED[group])
    else:
        typed = _typed(group, options)
    for name, value in flatten({group: typed}).items():
        if name in RULES:
            check_value(name, value, RULES[name])
    return typed


def check_value(name: str, value: Any, rule: Rule) -> None:
    """Checks the value of the key `name`.

    Raises:
        BadInput: it is against `rule`.
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
            f"{error.full_key} is no configuration key: {nearest(key, schema[group])}"
        ) from None
    except OmegaConfBaseException as error:
        raise BadInput(f"{error.full_key}: {str(error).splitlines()[0]}") from None
    return cast(dict[str, Any], OmegaConf.to_container(merged))
