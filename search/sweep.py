"""Carries out `sweepcast sweep` and `sweepcast train`: from a configuration to an exit status."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from omegaconf import OmegaConf
from rich.console import Console
from rich.text import Text

from datasets.frequency import shown
from search import git
from search.again.finalists import pending, train_finalists
from search.backends.base import Backend
from search.config import Config
from search.engine import open_engine
from search.engine.base import Engine
from search.errors import BadInput
from search.first import First, points_first
from search.history import Finished, Past, Tally
from search.interrupts import graceful
from search.leaderboard import rows
from search.limits import Limits
from search.outcome import conclude, show
from search.prepare import Prepared, build_backend, build_pruner, prepare
from search.progress import Budget, Display, open_display
from search.pruners import Pruner
from search.restore import restore
from search.study import Study
from search.tracking import studies
from search.tracking.ledger import Ledger
from search.tracking.lock import leased, locked
from search.tracking.store import store_uri
from search.tracking.tags import StudyTags

SUCCESS, NOTHING_COMPLETE, INTERRUPTED = 0, 1, 130


def sweep(config: Config, console: Console, *, quiet: bool) -> int:
    """Runs a study, or goes on with it, and returns the exit status.

    Raises:
        BadInput, DatasetError: the study cannot be carried out as configured, or another process
            runs it; the store is as it was.
        StoreTrouble: the store could not be used for minutes.
    """
    prepared = prepare(config)
    uri = store_uri(prepared.config.tracking.uri)
    pruner = build_pruner(prepared)
    fresh = build_backend(prepared, restored=0, beside=pruner)
    studies.find_same(uri, prepared.name, prepared.parts)
    first = points_first(prepared.config, prepared.space, uri)
    if first.points and fresh.multi_fidelity:
        raise BadInput(
            f"backend {prepared.config.backend['name']} proposes rungs of its own, and takes no "
            "points to begin with:\nleave out study.enqueue and study.warm_start"
        )
    # What could be refused is refused before the lock's file is written.
    with locked(uri, prepared.name), ExitStack() as stack:
        found = studies.find_same(uri, prepared.name, prepared.parts)
        if found:
            stack.enter_context(leased(found.client, found.record.run_id, prepared.name))
        options, runs = prepared.config.study, found.runs if found else []
        numbers = {run.number for run in runs if run.kind == "trial"}
        backend = build_backend(prepared, restored=len(numbers), beside=pruner)
        past = _restored(found, prepared, backend, pruner) if found else Past()
        met = Limits.of(options).reached(Tally.of(past.finished))
        if met and not pending(runs, options):
            state = f"{met} There is nothing to do."
            show(console, prepared.name, rows(runs), prepared.series.unit, uri, state)
            return _status(past.finished)
        if not quiet:
            _introduce(console, prepared, len(past.finished), first, backend)
        jobs = max(options.trials, options.finalists * options.finalist_executions)
        with open_engine(prepared.config, jobs=jobs) as engine:
            ledger = _open_ledger(prepared, uri, found)
            if not found:
                stack.enter_context(leased(ledger.client, ledger.parent, prepared.name))
                for baseline in prepared.baselines:
                    ledger.log_baseline(baseline.name, baseline.metrics, baseline.settings)
            with open_display(console, _budget(prepared, past), quiet=quiet) as display:
                study = Study(
                    prepared.planner,
                    backend=backend,
                    pruner=pruner,
                    ledger=ledger,
                    watcher=display,
                    past=past,
                    first=first.points,
                )
                _run(prepared, study, ledger, engine, display)
        return _end(prepared, study, ledger, console, uri)


def _restored(found: studies.Found, prepared: Prepared, backend: Backend, pruner: Pruner) -> Past:
    """Tells the backend and the pruner what the study has behind it, and returns that."""
    return restore(
        [run for run in found.runs if run.kind == "trial"],
        found.curves(pruner.active),
        prepared.space,
        backend,
        pruner,
        longest=prepared.space.longest(prepared.config.training.epochs),
        objectives=prepared.config.study.objectives,
    )


def _run(
    prepared: Prepared, study: Study, ledger: Ledger, engine: Engine, display: Display
) -> None:
    """Runs the trials and the finalists; at a second Ctrl-C, what runs is recorded as lost."""
    with graceful(lambda: _finish(study, display)):
        try:
            study.run(engine)
            _finals(prepared, study, ledger, engine, display)
        except KeyboardInterrupt:
            study.interrupt()
            study.abandon()


def _budget(prepared: Prepared, past: Past) -> Budget:
    best, tally = prepared.baselines[0], Tally.of(past.finished)
    return Budget(
        trials=prepared.config.study.trials,
        done=tally.trials,
        limits=Limits.of(prepared.config.study),
        epochs=tally.epochs,
        best=tally.best,
        baseline=best.name.replace("_", " "),
        baseline_mae=best.mae,
        unit=prepared.series.unit,
    )


def _finals(
    prepared: Prepared, study: Study, ledger: Ledger, engine: Engine, display: Display
) -> None:
    """Trains the finalists, unless the study was interrupted."""
    options = prepared.config.study
    if study.interrupted or not options.finalists:
        return
    trials = pending(ledger.runs(), options)
    if not trials:
        return
    display.note(
        f"The best {len(trials)} are trained again with {options.finalist_executions} fresh seeds."
    )
    train_finalists(trials, prepared.planner, engine, ledger, display, lambda: study.interrupted)


def _open_ledger(prepared: Prepared, uri: str, found: studies.Found | None) -> Ledger:
    tags = StudyTags(
        study=prepared.name,
        backend=str(prepared.config.backend["name"]),
        digest=prepared.series.digest,
        checkout=git.checkout(),
    )
    if found:
        return studies.resume(found, tags)
    return studies.create(
        uri,
        dataset=prepared.series.name,
        tags=tags,
        parts=prepared.parts,
        series=prepared.series,
        config_yaml=OmegaConf.to_yaml(OmegaConf.create(prepared.config.plain())).encode(),
    )


def _introduce(
    console: Console, prepared: Prepared, done: int, first: First, backend: Backend
) -> None:
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
        *([f"searched {', '.join(drawn)}"] if drawn else []),
    ]
    if first.points:
        lines.append(f"first    {len(first.points)} given points")
    if first.told:
        lines.append(f"         {first.told}")
    if series.missing:
        lines.append(
            f"gaps     {series.missing} missing readings, filled from the past and never scored"
        )
    idle = [p.name for p in prepared.space.parameters if prepared.space.never(p)]
    if idle:
        lines.append(f"not drawn {', '.join(idle)}: its block has no layers in this configuration")
    if config.study.trials > backend.comfortable:
        lines.append(
            f"note     backend {config.backend['name']} weighs all trials at every proposal, which "
            f"gets slow above {backend.comfortable:,} of them; backend=optuna_random does not"
        )
    for line in lines:
        console.print(Text(line), soft_wrap=True)


def _finish(study: Study, display: Display) -> None:
    study.interrupt()
    display.note("Interrupted: the running trials finish; Ctrl-C again stops now.")


def _end(prepared: Prepared, study: Study, ledger: Ledger, console: Console, uri: str) -> int:
    finished, trials = list(study.finished.values()), prepared.config.study.trials
    status = _status(finished)
    run_status = "FINISHED"
    runs = ledger.lose_open(ledger.runs(), "nobody trains it any more")
    left = study.reached is None or pending(runs, prepared.config.study)
    if study.interrupted and left:
        state = f"Interrupted after {len(finished)} of {trials} trials; the same command goes on."
        status, run_status = INTERRUPTED, "KILLED"
    elif study.gave_up:
        state = f"Ended after {prepared.config.study.max_failed} failed trials in a row."
        status, run_status = NOTHING_COMPLETE, "FAILED"
    elif study.exhausted:
        state = f"The space is exhausted: all of its points were tried in {len(finished)} trials."
    else:
        state = study.reached or f"Ended after {len(finished)} of {trials} trials."
    if status == NOTHING_COMPLETE:
        run_status = "FAILED"
    conclude(ledger, prepared.name, runs, prepared, state)
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
        study=replace(config.study, trials=1, finalists=0),
    )
    return sweep(single, console, quiet=quiet)
