"""Carries out `sweepcast sweep` and `sweepcast train`: from a configuration to an exit status."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TextIO

from omegaconf import OmegaConf
from rich.console import Console

from search import git
from search.again.finalists import pending, train_finalists
from search.backends.base import Backend
from search.config import Config
from search.engine import open_engine, warm_up
from search.engine.base import Engine
from search.errors import BadInput
from search.events import EventDisplay
from search.first import points_first
from search.history import Finished, Past
from search.interrupts import graceful
from search.introduction import introduce
from search.leaderboard import rows
from search.limits import Limits
from search.outcome import conclude
from search.prepare import Prepared, build_backend, build_pruner, prepare
from search.progress import Budget, Display, open_display
from search.pruners import Pruner
from search.restore import restore
from search.study import Study
from search.summary import End
from search.tracking import studies
from search.tracking.ledger import Ledger
from search.tracking.lock import leased, locked
from search.tracking.reading import Record
from search.tracking.store import store_uri
from search.tracking.tags import StudyTags
from search.trust import foreign_packages

SUCCESS, NOTHING_COMPLETE, INTERRUPTED = 0, 1, 130


def sweep(config: Config, console: Console, *, quiet: bool, events: TextIO | None = None) -> int:
    """Runs a study, or goes on with it, and returns the exit status.

    Args:
        config: of the study.
        console: for people.
        quiet: whether to show nothing but the end.
        events: gets what happens as lines of JSON (`events.py`), instead of the console.

    Raises:
        BadInput, DatasetError: the study cannot be carried out as configured, or another process
            runs it; the store is as it was.
        StoreTrouble: the store could not be used for minutes.
    """
    prepared = prepare(config)
    warm_up(prepared.config)
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
        budget = _budget(prepared, past)

        def opened(run_ids: Mapping[int, str]) -> Display:
            if events is None:
                return open_display(console, budget, quiet=quiet)
            return EventDisplay(
                events,
                budget,
                study=prepared.name,
                uri=uri,
                options=options,
                run_ids=run_ids,
                quiet=quiet,
            )

        met = Limits.of(options).reached(budget.tally)
        if met and not pending(runs, options):
            display, status = opened({}), _status(past.finished)
            display.study_started(resumed=True)
            state = f"{met} There is nothing to do."
            display.study_ended(_ended(prepared, runs, uri, state, status))
            return status
        if not quiet and events is None:
            introduce(console, prepared, len(past.finished), first, backend)
        jobs = max(options.trials, options.finalists * options.finalist_executions)
        with open_engine(prepared.config, jobs=jobs) as engine:
            ledger = _open_ledger(prepared, uri, found)
            if not found:
                stack.enter_context(leased(ledger.client, ledger.parent, prepared.name))
                for baseline in prepared.baselines:
                    ledger.log_baseline(baseline.name, baseline.metrics, baseline.settings)
            ledger.save_view(prepared.space, {})
            display = opened(ledger.run_ids)
            display.study_started(resumed=found is not None)
            with display:
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
        return _end(prepared, study, ledger, display, uri)


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
    best, options = prepared.baselines[0], prepared.config.study
    return Budget(
        trials=options.trials,
        baseline=best.name.replace("_", " "),
        baseline_mae=best.mae,
        unit=prepared.series.unit,
        finished=list(past.finished),
        limits=Limits.of(options),
        finals=options.finalists * options.finalist_executions / options.executions,
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
    display.finalists_started(len(trials), options.finalist_executions)
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


def _finish(study: Study, display: Display) -> None:
    study.interrupt()
    display.interrupted()


def _ended(prepared: Prepared, runs: Sequence[Record], uri: str, state: str, status: int) -> End:
    unit, trusted = prepared.series.unit, foreign_packages(prepared.config)
    return End(prepared.name, rows(runs), unit, uri, state, status, trusted)


def _end(prepared: Prepared, study: Study, ledger: Ledger, display: Display, uri: str) -> int:
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
    display.study_ended(_ended(prepared, runs, uri, state, status))
    return status


def _status(finished: Sequence[Finished]) -> int:
    complete = any(trial.state == "complete" for trial in finished)
    return SUCCESS if complete else NOTHING_COMPLETE


def train(config: Config, console: Console, *, quiet: bool, events: TextIO | None = None) -> int:
    """Trains one trial at the configured values, in a study of its own; see `sweep`."""
    single = replace(
        config,
        space={},
        backend={"_target_": "search.backends.grid.grid", "name": "train"},
        pruner={"_target_": "search.pruners.none", "name": "none"},
        study=replace(config.study, trials=1, finalists=0),
    )
    return sweep(single, console, quiet=quiet, events=events)
