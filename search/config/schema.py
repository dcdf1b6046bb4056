"""The configuration, typed: one dataclass a group, and the signature of every `_target_`.

The groups `dataset`, `model`, `backend` and `pruner` name a builder by `_target_`; the keyword
arguments of that builder, with their types and defaults, are the keys of the group.
"""

import os
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException

from search.errors import BadInput, nearest


@dataclass
class Task:
    """What is forecast and on which targets it is scored (steps of the series)."""

    window_size: int = 30
    horizon: int = 1
    validation: int = 100
    test: int = 100
    folds: int = 1
    season: int | None = None


@dataclass
class TransformOptions:
    """What happens to the series before a net sees it, and is undone after."""

    scaler: str = "standard"
    relative: bool = False
    difference: bool = False
    seasonal_difference: bool = False
    calendar: int = 0


@dataclass
class Training:
    """How a net is fitted."""

    epochs: int = 100
    batch_size: int = 32
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    momentum: float = 0.9
    loss: str = "mse"
    patience: int | None = None
    schedule: str = "constant"
    clipnorm: float | None = None


@dataclass
class StudyOptions:
    """The search as a whole: its name, budget and seed."""

    name: str | None = None
    trials: int = 30
    timeout: float | None = None
    epochs: int | None = None
    target: float | None = None
    executions: int = 1
    seed: int = 42
    objective: Any = "validation/mae"
    finalists: int = 3
    finalist_executions: int = 3
    max_failed: int = 10
    enqueue: list[Any] = field(default_factory=list)
    warm_start: str | None = None
    warm_trials: int | None = 5

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of the metrics that are minimised; the first one is the score."""
        return (self.objective,) if isinstance(self.objective, str) else tuple(self.objective)


@dataclass
class EngineOptions:
    """Where trials run."""

    workers: int | str = "auto"
    address: str | None = None
    memory_limit: str = "auto"
    recycle_mb: int = 3000
    threads: int = 1
    retries: int = 1


@dataclass
class TrackingOptions:
    """What is kept of a trial, and where."""

    uri: str | None = None
    models: str = "all"
    figures: str = "all"


@dataclass
class Config:
    """The whole configuration, as Hydra composes it."""

    dataset: dict[str, Any] = field(default_factory=dict)
    task: Task = field(default_factory=Task)
    transform: TransformOptions = field(default_factory=TransformOptions)
    model: dict[str, Any] = field(default_factory=dict)
    training: Training = field(default_factory=Training)
    space: dict[str, Any] = field(default_factory=dict)
    backend: dict[str, Any] = field(default_factory=dict)
    pruner: dict[str, Any] = field(default_factory=dict)
    study: StudyOptions = field(default_factory=StudyOptions)
    engine: EngineOptions = field(default_factory=EngineOptions)
    tracking: TrackingOptions = field(default_factory=TrackingOptions)

    def plain(self) -> dict[str, Any]:
        """Returns nested dicts of plain values, as they are logged and sent to workers."""
        return asdict(self)


def register_schema() -> None:
    """Makes the schema known to Hydra, so that a wrong type is refused while composing."""
    ConfigStore.instance().store(name="schema", node=Config)


def to_config(composed: DictConfig) -> Config:
    """Returns the typed configuration of what Hydra composed.

    Raises:
        BadInput: an interpolation or a value in it cannot be resolved, or a key that `+` added is
            none of the configuration.
    """
    schema = OmegaConf.structured(Config)
    try:
        # As plain values: of nodes that bear its own types, a merge takes unknown keys too.
        plain = OmegaConf.to_container(composed, resolve=True)
        return cast(Config, OmegaConf.to_object(OmegaConf.merge(schema, plain)))
    except ConfigKeyError as error:
        group = str(error.full_key).rpartition(".")[0]
        known = OmegaConf.select(schema, group) if group else schema
        raise BadInput(
            f"{error.full_key} is no configuration key: {nearest(error.key, known)}"
        ) from None
    except OmegaConfBaseException as error:
        text = str(error).splitlines()[0]
        raise BadInput(
            f"the configuration cannot be resolved at {error.full_key}: {text}"
        ) from None


def from_plain(values: dict[str, Any]) -> Config:
    """Returns the typed configuration of `Config.plain()`.

    Raises:
        BadInput: a key or value in it is none of a configuration.
    """
    try:
        created = OmegaConf.create(values)
    except OmegaConfBaseException as error:
        raise BadInput(f"the configuration cannot be read: {str(error).splitlines()[0]}") from None
    return to_config(created)


# The groups that name a builder by `_target_`.
TARGET_GROUPS = ("dataset", "model", "backend", "pruner")


def worker_count(config: Config) -> int:
    """Returns the number of worker processes; 0 is inline.

    Raises:
        BadInput: `engine.workers` is neither `auto` nor a whole number of 0 or more.
    """
    workers = config.engine.workers
    if workers == "auto":
        return (
            len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1
        )
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 0:
        raise BadInput(
            f"engine.workers is {workers!r}: auto (one a core), a number, or 0 for inline"
        )
    return workers
