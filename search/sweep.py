"""Carries out `sweepcast sweep` and `sweepcast train`: from a configuration to an exit status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from rich.console import Console
from rich.text import Text

from datasets import Series
from datasets.frequency import shown
from search import git
from search.backends.base import Backend
from search.baselines import Baseline, score_baselines
from search.config import Config, identity, identity_parts, study_name
from search.data import fold_data, folds_of, load_series, visible
from search.engine import open_engine
from search.errors import BadInput
from search.history import Finished, Past
from search.interrupts import graceful
from search.leaderboard import rows
from search.outcome import conclude, show
from search.progress import Budget, Display, open_display
from search.pruners import Pruner
from search.restore import restore
from search.runtime import prepare_process, require_tensorflow
from search.signatures import call_builder
from search.space import Choice, Space
from search.space_notation import parse_space
from search.study import Study
from search.tracking import studies
from search.tracking.ledger import Ledger, StudyTags
from search.tracking.store import store_uri
from search.validation import validated

SUCCESS, NOTHING_COMPLETE, INTERRUPTED = 0, 1, 130


@dataclass(frozen=True)
class Prepared:
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


def sweep(config: Config, console: Console, *, quiet: bool) -> int:
    """Runs a study, or goes on with it, and returns the exit status.

    Raises:
        BadInput, DatasetError: the study cannot be carried out as configured; the store is as it
            was.
    """
    prepared = prepare(config)
    config = prepared.config
    uri = store_uri(config.tracking.uri)
    pruner: Pruner = _built("pruner", config.pruner)
    found = studies.find_same(uri, prepared.name, prepared.parts)
    trials = [run for run in found.runs if run.kind == "trial"] if found else []
    backend = build_backend(prepared, restored=len({run.number for run in trials}))
    past = Past()
    if found:
        past = restore(trials, found.curves(pruner.active), prepared.space, backend, pruner)
        if len(past.finished) >= config.study.trials:
            state = f"All {config.study.trials} trials were done before: nothing to do."
            show(console, prepared.name, rows(found.runs), prepared.series.unit, uri, state)
            return _status(past.finished)
    if not quiet:
        _introduce(console, prepared, len(past.finished))
    with open_engine(config) as engine:
        ledger = _open_ledger(prepared, uri, found)
        best = prepared.baselines[0]
        budget = Budget(
            trials=config.study.trials,
            done=len(past.finished),
            best=min(past.scores(), default=None),
            baseline=best.name.replace("_", " "),
            baseline_mae=best.mae,
            unit=prepared.series.unit,
        )
        with open_display(console, budget, quiet=quiet) as display:
            study = Study(
                config,
                prepared.space,
                digest=prepared.series.digest,
                baseline=best,
                backend=backend,
                pruner=pruner,
                ledger=ledger,
                watcher=display,
                past=past,
            )
            with graceful(lambda: _finish(study, display)):
                try:
                    study.run(engine)
                except KeyboardInterrupt:
                    study.interrupt()
                    study.abandon()
    return _end(prepared, study, ledger, console, uri)


def prepare(config: Config) -> Prepared:
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
        baselines = score_baselines(seen, folds, config.task)
    except ValueError as error:
        raise BadInput(f"the baselines cannot be fitted to this series: {error}") from None
    return Prepared(
        config=config,
        space=space,
        series=series,
        baselines=baselines,
        parts=identity_parts(config, series.digest),
    )


def _widest(config: Config, space: Space) -> Config:
    """Returns the configuration with the largest window that the space can draw."""
    sizes = [config.task.window_size]
    for parameter in space.parameters:
        if parameter.name == "task.window_size":
            ends = parameter.choices if isinstance(parameter, Choice) else (parameter.high,)
            sizes = [int(value or 0) for value in ends]
    largest = int(space.pins.get("task.window_size") or max(sizes))
    return replace(config, task=replace(config.task, window_size=largest))


def build_backend(prepared: Prepared, *, restored: int) -> Backend:
    """Returns the backend of a study that has `restored` trials behind it."""
    backend: Backend = _built(
        "backend",
        prepared.config.backend,
        space=prepared.space,
        epochs=prepared.config.training.epochs,
        seed=prepared.config.study.seed,
        restored=restored,
    )
    return backend


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


def _open_ledger(prepared: Prepared, uri: str, found: studies.Found | None) -> Ledger:
    tags = StudyTags(
        study=prepared.name,
        backend=str(prepared.config.backend["name"]),
        digest=prepared.series.digest,
        commit=git.commit(),
    )
    if found:
        return studies.resume(found, tags)
    ledger = studies.create(
        uri,
        dataset=prepared.series.name,
        tags=tags,
        parts=prepared.parts,
        series=prepared.series,
        config_yaml=OmegaConf.to_yaml(OmegaConf.create(prepared.config.plain())).encode(),
    )
    for baseline in prepared.baselines:
        ledger.log_baseline(baseline.name, baseline.metrics, baseline.settings)
    return ledger


def _introduce(console: Console, prepared: Prepared, done: int) -> None:
    config, series, best = prepared.config, prepared.series, prepared.baselines[0]
    task = config.task
    drawn = [p.name for p in prepared.space.parameters if not prepared.space.never(p)]
    lines = [
        f"study    {prepared.name}" + (f" (goes on after {done} trials)" if done else ""),
        f"series   {series.name}: {len(series.values)} steps of {series.channels[series.target]}, "
        f"{shown(series.timestamps[0])} to {shown(series.timestamps[-1])}",
        f"scored   {task.folds} × {task.validation} steps before the test block, the last "
        f"{task.test} steps, which no trial reads",
        f"to beat  {best.name.replace('_', ' ')}, MAE {best.mae:.3f} {series.unit}".rstrip(),
        f"searched {', '.join(drawn) or 'nothing'}",
    ]
    if series.missing:
        lines.append(
            f"gaps     {series.missing} missing readings, filled from the past and never scored"
        )
    idle = [p.name for p in prepared.space.parameters if prepared.space.never(p)]
    if idle:
        lines.append(f"not drawn {', '.join(idle)}: its block has no layers in this configuration")
    for line in lines:
        console.print(Text(line), soft_wrap=True)


def _finish(study: Study, display: Display) -> None:
    study.interrupt()
    display.note("Interrupted: the running trials finish; Ctrl-C again stops now.")


def _end(prepared: Prepared, study: Study, ledger: Ledger, console: Console, uri: str) -> int:
    finished, trials = list(study.finished.values()), prepared.config.study.trials
    status = _status(finished)
    run_status = "FINISHED"
    if study.interrupted and len(finished) < trials:
        state = f"Interrupted after {len(finished)} of {trials} trials; the same command goes on."
        status, run_status = INTERRUPTED, "KILLED"
    elif study.gave_up:
        state = f"Ended after {prepared.config.study.max_failed} failed trials in a row."
        status, run_status = NOTHING_COMPLETE, "FAILED"
    elif study.exhausted:
        state = f"The space is exhausted: all of its points were tried in {len(finished)} trials."
    elif len(finished) < trials:
        state = f"Time is up after {len(finished)} of {trials} trials."
    else:
        state = f"Budget met: {trials} trials."
    runs = ledger.runs()
    conclude(ledger, prepared.name, runs, prepared.space, prepared.series.unit, state)
    ledger.end_study(run_status)
    show(console, prepared.name, rows(runs), prepared.series.unit, uri, state)
    return status


def _status(finished: Sequence[Finished]) -> int:
    complete = any(trial.state == "complete" for trial in finished)
    return SUCCESS if complete else NOTHING_COMPLETE


def train(config: Config, console: Console, *, quiet: bool) -> int:
    """Trains one trial at the configured values, in a study of its own."""
    single = replace(
        config,
        space={},
        backend={"_target_": "search.backends.grid.grid", "name": "train"},
        pruner={"_target_": "search.pruners.none", "name": "none"},
        study=replace(config.study, trials=1),
    )
    return sweep(single, console, quiet=quiet)
