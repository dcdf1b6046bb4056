"""Checks a configuration and reads what it names: all that is known before the store is touched."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from datasets import Series
from search.backends.base import Backend
from search.config.identity import (
    identity,
    identity_parts,
    study_name,
)
from search.config.schema import Config
from search.config.signatures import call_builder
from search.config.validation import validated
from search.engine.environment import prepare_process, require_tensorflow
from search.errors import BadInput
from search.pruners import Pruner
from search.space.notation import parse_space
from search.space.space import Space
from search.study.baselines import Baseline, score_baselines
from search.study.planning import Planner
from search.trial.data import (
    fold_data,
    folds_of,
    load_series,
    visible,
)


@dataclass(frozen=True)
class PreparedStudy:
    """Everything about a study that can be known before the store is touched."""

    config: Config
    space: Space
    series: Series
    baselines: list[Baseline]
    parts: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Name of the study."""
        return study_name(self.config, identity(dict(self.parts)))

    @property
    def planner(self) -> Planner:
        """Makes the plans of the study."""
        return Planner(self.config, self.space, self.series.digest, self.baselines)


def prepare(config: Config) -> PreparedStudy:
    """Checks the configuration, reads the series and scores the baselines.

    Raises:
        BadInput, DatasetError: something does not fit.
    """
    require_tensorflow()
    prepare_process(config.engine.threads)  # first: checking a builder may import Keras
    config = validated(config)
    space = parse_space(config)
    source = config.dataset.get("source")
    if source and "://" not in source:  # workers may run elsewhere
        config = replace(config, dataset={**config.dataset, "source": str(Path(source).resolve())})
    series = load_series(config.dataset)
    config = replace(config, dataset={**config.dataset, "name": series.name})
    folds = folds_of(series, config.task)
    seen = visible(series, config.task)
    for fold in folds:
        fold_data(seen, fold, _widest(config, space))
    try:
        baselines = score_baselines(series, config.task)
    except ValueError as error:
        raise BadInput(f"the baselines cannot be fitted to this series: {error}") from None
    return PreparedStudy(
        config=config,
        space=space,
        series=series,
        baselines=baselines,
        parts=identity_parts(config, series.digest),
    )


def _widest(config: Config, space: Space) -> Config:
    """Returns the configuration that reaches furthest back of those that the space can draw."""

    window_size = space.largest("task.window_size", config.task.window_size)
    seasonal = space.largest("transform.seasonal_difference", config.transform.seasonal_difference)
    return replace(
        config,
        task=replace(config.task, window_size=window_size),
        transform=replace(config.transform, seasonal_difference=bool(seasonal)),
    )


def build_backend(prepared: PreparedStudy, *, restored: int, beside: Pruner) -> Backend:
    """Returns the backend of a study that has `restored` trials behind it.

    Raises:
        BadInput: the pruner `beside` it would not compare its trials at equal progress, or it or
            that pruner cannot serve several objectives.
    """
    backend: Backend = _built(
        "backend",
        prepared.config.backend,
        space=prepared.space,
        epochs=prepared.config.training.epochs,
        seed=prepared.config.study.seed,
        restored=restored,
    )
    if backend.multi_fidelity and beside.active:
        own, other = prepared.config.backend["name"], prepared.config.pruner["name"]
        raise BadInput(
            f"pruner {other} cannot serve backend {own}, which ends trials by itself\n"
            "and goes on with some: set pruner=none"
        )
    objectives = prepared.config.study.objectives
    if len(objectives) > 1:
        _check_several(prepared.config, backend, beside)
        backend.aim(len(objectives))
    return backend


def _check_several(config: Config, backend: Backend, pruner: Pruner) -> None:
    """Refuses what looks at the score alone where there are several objectives.

    Raises:
        BadInput: the backend or the pruner does.
    """
    said = f"study.objective names {len(config.study.objectives)} objectives"
    if not backend.multi_objective:
        raise BadInput(
            f"{said}, and backend {config.backend['name']} learns from one:\n"
            "set backend=optuna, or one of its siblings, or leave one objective"
        )
    if pruner.active:
        raise BadInput(f"{said}, and pruner {config.pruner['name']} looks at one: set pruner=none")


def build_pruner(prepared: PreparedStudy) -> Pruner:
    """Returns the pruner of a study."""
    pruner: Pruner = _built("pruner", prepared.config.pruner)
    return pruner


def _built(group: str, options: Mapping[str, Any], **supplied: Any) -> Any:
    """Returns what the builder of `group` makes.

    Raises:
        BadInput: it refuses an option.
    """
    try:
        return call_builder(group, options, **supplied)
    except BadInput:
        raise
    except ValueError as error:
        raise BadInput(f"{options['_target_']} refuses an option of {group}:\n{error}") from None
