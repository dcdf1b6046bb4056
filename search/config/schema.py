"""The typed configuration: one dataclass per group, or the signature of the group's builder.

The groups `dataset`, `model`, `backend` and `pruner` name a builder by `_target_`. The keyword
arguments of the builder, with their types and defaults, are the keys of the group.
"""

import os
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException

from search.errors import BadInput, nearest

AUTO = "auto"  # chosen from the series when the study is prepared


@dataclass
class Task:
    """The forecasting task: window, horizon and scored targets, in steps of the series.

    The lengths of type `Any` are integers or `auto`; a prepared study has no `auto` left.
    """

    window_size: Any = 30
    horizon: int = 1
    validation: Any = 100
    test: Any = 100
    folds: Any = 1
    season: Any = None


@dataclass
class TransformOptions:
    """Transforms of the series, applied before the model and inverted on its forecasts."""

    scaler: str = "standard"
    relative: bool = False
    difference: bool = False
    seasonal_difference: bool = False
    calendar: int = 0


@dataclass
class Training:
    """How a model is fitted."""

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
    """Options of the whole study, such as its name, budget and seed."""

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
    ensemble: str = "auto"
    max_failed: int = 10
    enqueue: Any = field(default_factory=list)
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
    """Where the store is and which files of a trial it keeps."""

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
    baselines: dict[str, Any] = field(default_factory=dict)
    study: StudyOptions = field(default_factory=StudyOptions)
    engine: EngineOptions = field(default_factory=EngineOptions)
    tracking: TrackingOptions = field(default_factory=TrackingOptions)

    def plain(self) -> dict[str, Any]:
        """Returns nested dicts of plain values, to log and to send to workers."""
        return asdict(self)


def register_schema() -> None:
    """Registers the schema with Hydra, which then rejects wrong types when composing."""
    ConfigStore.instance().store(name="schema", node=Config)


def to_config(composed: DictConfig) -> Config:
    """Returns the typed configuration for a configuration composed by Hydra.

    Raises:
        BadInput: an interpolation or a value cannot be resolved, or a key added with `+` is not a
            configuration key.
    """
    schema = OmegaConf.structured(Config)
    try:
        # Merge plain values: nodes that are already typed would add their unknown keys.
        plain = OmegaConf.to_container(composed, resolve=True)
        return cast(Config, OmegaConf.to_object(OmegaConf.merge(schema, plain)))
    except ConfigKeyError as error:
        group = str(error.full_key).rpartition(".")[0]
        known = OmegaConf.select(schema, group) if group else schema
        raise BadInput(
            f"{error.full_key} is not a configuration key: {nearest(error.key, known)}"
        ) from None
    except OmegaConfBaseException as error:
        text = str(error).splitlines()[0]
        raise BadInput(
            f"the configuration cannot be resolved at {error.full_key}: {text}"
        ) from None


def from_plain(values: dict[str, Any]) -> Config:
    """Returns the typed configuration for the values of `Config.plain()`.

    Raises:
        BadInput: a key or value is not valid.
    """
    try:
        created = OmegaConf.create(values)
    except OmegaConfBaseException as error:
        raise BadInput(f"the configuration cannot be read: {str(error).splitlines()[0]}") from None
    return to_config(created)


# Groups that name a builder by `_target_`.
TARGET_GROUPS = ("dataset", "model", "backend", "pruner")


def worker_count(config: Config) -> int:
    """Returns the number of worker processes; 0 means inline.

    Raises:
        BadInput: `engine.workers` is neither `auto` nor an integer of at least 0.
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
            f"engine.workers is {workers!r}: expected auto (one per core), a number, or 0 (inline)"
        )
    return workers
