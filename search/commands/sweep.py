"""`sweepcast sweep` and `sweepcast train`: run a study or a single trial."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from typing import TextIO

from rich.console import Console

from search.baselines.skill import SkillIntervals
from search.baselines.textbook import TextbookBaselines
from search.config import compose
from search.config.schema import Config
from search.config.trust import foreign_packages
from search.engine import open_engine, warm_up
from search.engine.base import Engine
from search.ensembles.build import build_ensemble
from search.report.publish import publish
from search.results.leaderboard import rows
from search.retraining.finalists import (
    finalists_done,
    fitting_finalists,
    pending_finalists,
    train_finalists,
)
from search.study.budget import StudyLimits, TimeLimit
from search.study.history import FinishedTrial
from search.study.late_baselines import LateBaselines
from search.study.preparation import PreparedStudy, prepare
from search.study.session import Session, open_session
from search.study.study import Study
from search.terminal.console import console, only_events
from search.terminal.display import open_display
from search.terminal.display.base import Display, StudyProgress
from search.terminal.display.json_events import EventDisplay
from search.terminal.interrupts import Interrupts, graceful_interrupts
from search.terminal.study_header import print_header
from search.terminal.study_summary import StudySummary
from search.tracking.ledger import Ledger
from search.tracking.reading import Record
from search.tracking.store.connection import store_uri

SUCCESS, NOTHING_COMPLETE, INTERRUPTED = 0, 1, 130


def sweep(arguments: list[str], *, quiet: bool) -> int:
    """Runs or resumes the configured study and returns the exit status.

    Raises:
        BadInput, DatasetError: the study cannot run with this configuration, or another process
            is running it; the store is unchanged.
        StoreTrouble: the store was unavailable for minutes.
    """
    return _configured(arguments, lambda config: config, quiet=quiet)


def train(arguments: list[str], *, quiet: bool) -> int:
    """Trains one trial with the configured values, as a separate study; see `sweep`."""
    return _configured(arguments, _single_trial, quiet=quiet)


def _single_trial(config: Config) -> Config:
    return replace(
        config,
        space={},
        backend={"_target_": "search.backends.grid.grid", "name": "train"},
        pruner={"_target_": "search.pruners.none", "name": "none"},
        study=replace(config.study, trials=1, finalists=0, ensemble="none"),
    )


def _configured(arguments: list[str], adapt: Callable[[Config], Config], *, quiet: bool) -> int:
    """Runs the study that Hydra composes from the arguments."""
    overrides = [word for word in arguments if word != "--json"]
    with only_events() if "--json" in arguments else nullcontext() as events:

        def task(config: Config) -> int:
            return run_study(adapt(config), console(), quiet=quiet, events=events)

        return compose.run(overrides, task)


def run_study(
    config: Config, console: Console, *, quiet: bool, events: TextIO | None = None
) -> int:
    """Runs or resumes a study and returns the exit status.

    Args:
        config: configuration of the study.
        console: console for the progress and the result.
        quiet: whether to print only the result.
        events: stream for JSON events; if given, nothing is printed to the console.

    Raises:
        BadInput, DatasetError, StoreTrouble: as for `sweep`.
    """
    time = TimeLimit(config.study)
    prepared = prepare(config)
    warm_up(prepared.config)
    uri, options = store_uri(prepared.config.tracking.uri), prepared.config.study
    with (
        closing(
            TextbookBaselines(prepared.series, prepared.config.task, prepared.config.baselines)
        ) as textbook,
        open_session(prepared, uri) as session,
    ):
        progress = _progress(session)

        def opened(run_ids: Mapping[int, str]) -> Display:
            if events is None:
                return open_display(console, progress, quiet=quiet)
            return EventDisplay(
                events,
                progress,
                study=prepared.name,
                uri=uri,
                options=options,
                run_ids=run_ids,
                quiet=quiet,
            )

        reached = StudyLimits.of(options).reached(progress.tally)
        if reached and not pending_finalists(session.runs, options):
            display, status = opened({}), _status(session.history.finished)
            display.study_started(resumed=True)
            state = f"{reached} Nothing left to do."
            display.study_ended(_summary(session, session.runs, state, status))
            return status
        if not quiet and events is None:
            done = len(session.history.finished)
            print_header(console, prepared, done, session.first, session.backend)
        jobs = max(options.trials, options.finalists * options.finalist_executions)
        with (
            graceful_interrupts() as interrupts,
            open_engine(prepared.config, jobs=jobs) as engine,
        ):
            ledger = session.open_ledger()
            ledger.save_view(prepared.space, {})
            display = opened(ledger.run_ids)
            display.study_started(resumed=session.stored is not None)
            late = LateBaselines(
                prepared.baselines,
                textbook,
                ledger=ledger,
                logged=session.baseline_states,
                callback=display,
            )
            intervals = SkillIntervals(prepared.baselines, lambda: textbook.busy)
            with display:
                late.collect()
                study = Study(
                    prepared.planner,
                    backend=session.backend,
                    pruner=session.pruner,
                    ledger=ledger,
                    callback=display,
                    intervals=intervals,
                    past=session.history,
                    time=time,
                    first=session.first.points,
                    between=late.collect,
                )
                _run(prepared, study, ledger, engine, display, late, interrupts, time)
        return _end(session, study, ledger, display, intervals)


def _progress(session: Session) -> StudyProgress:
    prepared = session.prepared
    best, options = prepared.baselines[0], prepared.config.study
    return StudyProgress(
        trials=options.trials,
        baseline=best.name.replace("_", " "),
        baseline_mae=best.mae,
        unit=prepared.series.unit,
        finished=list(session.history.finished),
        limits=StudyLimits.of(options),
        finals=options.finalists * options.finalist_executions / options.executions,
    )


def _run(
    prepared: PreparedStudy,
    study: Study,
    ledger: Ledger,
    engine: Engine,
    display: Display,
    late: LateBaselines,
    interrupts: Interrupts,
    time: TimeLimit,
) -> None:
    """Runs the trials and finalists; on a second Ctrl-C, running trials are marked as lost."""

    def finish() -> None:
        study.interrupt()
        display.interrupted()

    interrupts.on_first(finish)
    try:
        study.run(engine)
        late.wait(lambda: study.interrupted, lambda: time.search_left <= 0)
        _train_finalists(prepared, study, ledger, engine, display, time)
    except KeyboardInterrupt:
        study.interrupt()
        study.abandon()


def _train_finalists(
    prepared: PreparedStudy,
    study: Study,
    ledger: Ledger,
    engine: Engine,
    display: Display,
    time: TimeLimit,
) -> None:
    """Trains the finalists for which there is time, unless the study was interrupted."""
    options = prepared.config.study
    if study.interrupted or not options.finalists:
        return
    finalists = fitting_finalists(pending_finalists(ledger.runs(), options), options, time)
    if not finalists:
        return
    display.finalists_started([seeds for _, seeds in finalists])
    train_finalists(
        finalists,
        prepared.planner,
        engine,
        ledger,
        display,
        stopped=lambda: study.interrupted,
        over=lambda: time.over,
    )


def _end(
    session: Session, study: Study, ledger: Ledger, display: Display, intervals: SkillIntervals
) -> int:
    """Publishes and prints the results of the study, and returns the exit status."""
    prepared = session.prepared
    finished, options = list(study.finished.values()), prepared.config.study
    status = _status(finished)
    run_status = "FINISHED"
    runs = ledger.lose_open(ledger.runs(), "the study ended before the trial finished")
    runs = ledger.update_skill(runs, prepared.baselines[0].mae, intervals.updated())
    if options.ensemble != "none" and not study.interrupted:
        build_ensemble(ledger, runs, prepared.series, prepared.config.task, prepared.baselines)
        runs = ledger.runs()
    pending = pending_finalists(runs, options)
    left = study.reached is None or pending
    if study.interrupted and left:
        state = (
            f"Interrupted after {len(finished)} of {options.trials} trials; run the same command "
            "to resume."
        )
        status, run_status = INTERRUPTED, "KILLED"
    elif study.gave_up:
        state = f"Ended after {options.max_failed} failed trials in a row."
        status, run_status = NOTHING_COMPLETE, "FAILED"
    elif study.exhausted:
        state = f"The space is exhausted: all of its points were tried in {len(finished)} trials."
    else:
        state = study.reached or f"Ended after {len(finished)} of {options.trials} trials."
    if pending and not study.interrupted:
        first = "" if state.startswith("Time limit") else "the time limit ended the study: "
        state = f"{state.removesuffix('.')}; {first}{finalists_done(runs, options)}."
    if status == NOTHING_COMPLETE:
        run_status = "FAILED"
    publish(ledger, prepared.name, runs, prepared, state)
    ledger.end_study(run_status)
    display.study_ended(_summary(session, runs, state, status))
    return status


def _summary(session: Session, runs: Sequence[Record], state: str, status: int) -> StudySummary:
    prepared = session.prepared
    unit, trusted = prepared.series.unit, foreign_packages(prepared.config)
    return StudySummary(prepared.name, rows(runs), unit, session.uri, state, status, trusted)


def _status(finished: Sequence[FinishedTrial]) -> int:
    complete = any(trial.state == "complete" for trial in finished)
    return SUCCESS if complete else NOTHING_COMPLETE
