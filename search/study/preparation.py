"""Prepares a study before the store is touched: checks the configuration and reads the series."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from datasets import Series
from search.backends.base import Backend
from search.baselines.scoring import Baseline, score_baselines
from search.config.identity import identity, identity_parts, study_name
from search.config.schema import Config
from search.config.signatures import call_builder
from search.config.validation import validated
from search.engine.environment import prepare_process, require_tensorflow
from search.errors import BadInput
from search.pruners import Pruner
from search.space.notation import parse_space
from search.space.space import Point, Space
from search.study.defaults.guesses import guesses, suited
from search.study.defaults.resolution import chosen, resolved
from search.study.planning import Planner
from search.trial.data import fold_data, folds_of, load_series, visible


@dataclass(frozen=True)
class PreparedStudy:
    """A study with a valid configuration, its series and its baselines.

    Attributes:
        parts: the parts of the configuration that make up the identity of the study.
        chosen: what each `auto` of the configuration came to, by dotted name.
    """

    config: Config
    space: Space
    series: Series
    baselines: list[Baseline]
    parts: Mapping[str, Any]
    chosen: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the study."""
        return study_name(self.config, identity(dict(self.parts)))

    @property
    def guesses(self) -> list[Point]:
        """The points of `study.enqueue=auto`."""
        return guesses(self.config, self.space, suited(self.series, self.config.task))

    @property
    def planner(self) -> Planner:
        """The planner, which makes the plans of the study."""
        return Planner(self.config, self.space, self.series.digest, self.baselines)


def prepare(config: Config) -> PreparedStudy:
    """Checks the configuration, reads the series and scores the baselines.

    Raises:
        BadInput, DatasetError: the configuration or the series is invalid.
    """
    require_tensorflow()
    prepare_process(config.engine.threads)  # first: validation may import Keras
    config = validated(config)
    parse_space(config)  # reports an invalid space before the series is read
    source = config.dataset.get("source")
    if source and "://" not in source:  # workers may run in another folder
        config = replace(config, dataset={**config.dataset, "source": str(Path(source).resolve())})
    series = load_series(config.dataset)
    config = replace(config, dataset={**config.dataset, "name": series.name})
    given, config = config, resolved(config, series)
    space = parse_space(config)
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
        chosen=chosen(given, config),
    )


def _widest(config: Config, space: Space) -> Config:
    """Returns the configuration in the space that reaches furthest back in the series."""
    window_size = space.largest("task.window_size", config.task.window_size)
    seasonal = space.largest("transform.seasonal_difference", config.transform.seasonal_difference)
    return replace(
        config,
        task=replace(config.task, window_size=window_size),
        transform=replace(config.transform, seasonal_difference=bool(seasonal)),
    )


def build_backend(prepared: PreparedStudy, *, restored: int, beside: Pruner) -> Backend:
    """Returns the backend of a study.

    Args:
        prepared: the study.
        restored: number of trials that the study already has.
        beside: pruner that is used with the backend.

    Raises:
        BadInput: the pruner cannot be combined with the backend, or one of the two does not
            support several objectives.
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
            f"pruner {other} cannot be combined with backend {own}, which stops and resumes\n"
            "trials by itself: set pruner=none"
        )
    objectives = prepared.config.study.objectives
    if len(objectives) > 1:
        _check_several(prepared.config, backend, beside)
        backend.aim(len(objectives))
    return backend


def _check_several(config: Config, backend: Backend, pruner: Pruner) -> None:
    """Checks that the backend and the pruner support several objectives.

    Raises:
        BadInput: one of them does not.
    """
    several = f"study.objective names {len(config.study.objectives)} objectives"
    if not backend.multi_objective:
        raise BadInput(
            f"{several}, but backend {config.backend['name']} supports only one:\n"
            "set backend=optuna or another Optuna backend, or configure a single objective"
        )
    if pruner.active:
        raise BadInput(
            f"{several}, but pruner {config.pruner['name']} supports only one: set pruner=none"
        )


def build_pruner(prepared: PreparedStudy) -> Pruner:
    """Returns the pruner of a study."""
    pruner: Pruner = _built("pruner", prepared.config.pruner)
    return pruner


def _built(group: str, options: Mapping[str, Any], **supplied: Any) -> Any:
    """Returns the object that the builder of `group` makes.

    Raises:
        BadInput: the builder rejects an option.
    """
    try:
        return call_builder(group, options, **supplied)
    except BadInput:
        raise
    except ValueError as error:
        raise BadInput(f"{options['_target_']} rejects an option of {group}:\n{error}") from None
