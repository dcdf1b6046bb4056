"""Retrains the best trials of a study with fresh seeds, so that none is best by luck alone."""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace

from search.baselines.skill import skill_ends
from search.config.schema import StudyOptions
from search.engine.base import Engine
from search.retraining.fresh_seeds import train_fresh_seeds
from search.seeds import FINALIST, derived
from search.study.budget import TIME_IS_UP, TimeLimit
from search.study.callback import StudyCallback
from search.study.history import FinishedTrial
from search.study.planning import Planner
from search.study.restore import proposal_of
from search.tracking import names
from search.tracking.ledger import Ledger
from search.tracking.reading import Record
from search.tracking.store.retries import StoreTrouble
from search.trial.trial import Plan

_FOLD = re.compile(r"validation/fold_\d+/mae")


def pending_finalists(runs: Sequence[Record], options: StudyOptions) -> list[Record]:
    """Returns the best trials, one per point, that still have to be retrained."""
    done = _retrained(runs, str(options.finalist_executions))
    return [run for run in _best(runs, options) if run.number not in done]


def finalists_done(runs: Sequence[Record], options: StudyOptions) -> str:
    """Returns how many of the finalists were retrained, as the end of a sentence."""
    best, pending = _best(runs, options), pending_finalists(runs, options)
    fewer = [run for run in pending if run.number in _retrained(runs)]
    count = len(best) - len(pending) + len(fewer)
    finalists = f"{len(best)} finalist{'s' * (len(best) > 1)}"
    return f"{count} of {finalists} retrained" + f", {len(fewer)} with fewer seeds" * bool(fewer)


def fitting_finalists(
    trials: Sequence[Record], options: StudyOptions, time: TimeLimit
) -> list[tuple[Record, int]]:
    """Returns the trials that can be retrained in the time left, each with its number of seeds."""
    seconds = [trial.metrics.get("duration_s", 0.0) / options.executions for trial in trials]
    fitting = zip(trials, time.fitting_seeds(seconds), strict=True)
    return [(trial, seeds) for trial, seeds in fitting if seeds]


def _best(runs: Sequence[Record], options: StudyOptions) -> list[Record]:
    """Returns the best complete trials, one per point, best first.

    With several folds, the best trials are those with the lowest mean rank over the folds. A trial
    that was lucky in one fold can have the lowest mean MAE, but it ranks first only in that fold.
    """
    points: dict[str, Record] = {}
    for run in sorted(runs, key=lambda run: (run.mae is None, run.mae, run.started)):
        if run.kind == "trial" and run.state == "complete" and run.mae is not None:
            point = {key: value for key, value in run.params.items() if key != "seed"}
            points.setdefault(repr(sorted(point.items())), run)
    return _by_mean_rank([*points.values()])[: options.finalists]


def _retrained(runs: Sequence[Record], seeds: str | None = None) -> set[int]:
    """Returns the numbers of the finalists that have ended, with any or this number of seeds."""
    return {
        run.number
        for run in runs
        if run.kind == "finalist"
        and run.state in ("complete", "failed")
        and seeds in (None, run.params.get(names.EXECUTIONS))
    }


def _by_mean_rank(trials: Sequence[Record]) -> list[Record]:
    """Returns the trials by their mean rank over the folds; equal ones stay in their order.

    The order is unchanged if there is one fold, or if an earlier version logged a trial without the
    scores of its folds.
    """
    folds = {name for trial in trials for name in trial.metrics if _FOLD.fullmatch(name)}
    if not all(fold in trial.metrics for trial in trials for fold in folds):
        return [*trials]
    ranks = dict.fromkeys((trial.run_id for trial in trials), 0)
    for fold in folds:
        maes = sorted(trial.metrics[fold] for trial in trials)
        for trial in trials:
            ranks[trial.run_id] += bisect_left(maes, trial.metrics[fold])
    return sorted(trials, key=lambda trial: ranks[trial.run_id])


def train_finalists(
    finalists: Sequence[tuple[Record, int]],
    planner: Planner,
    engine: Engine,
    ledger: Ledger,
    callback: StudyCallback,
    stopped: Callable[[], bool],
    over: Callable[[], bool],
) -> None:
    """Retrains each trial with its number of fresh seeds, as one run per trial.

    Runs that are incomplete when `stopped` returns True, or at Ctrl-C, are marked as lost. So are
    those that are incomplete when `over` returns True; if the first seeds of one are complete, it
    is replaced by a run with these seeds.
    """
    plans = {trial.number: _plan(trial, seeds, planner) for trial, seeds in finalists}
    searched = {trial.number: trial.mae or 0.0 for trial, _ in finalists}
    open_runs = {number: ledger.start_again("finalist", plan, {}) for number, plan in plans.items()}
    trained = train_fresh_seeds(
        list(plans.values()),
        engine,
        callback,
        retries=planner.config.engine.retries,
        stopped=stopped,
        over=over,
    )
    baseline = planner.baseline
    try:
        for plan, result in trained:
            more: dict[str, float] = {}
            metrics = result.metrics(baseline.mae)
            if result.state == "complete":
                more = {
                    "validation/optimism": searched[plan.number] - metrics["validation/mae"],
                    "validation/averaged_mae": result.averaged_mae(),
                    **skill_ends(result, baseline),
                }
            run_id = open_runs.pop(plan.number)
            if plan.config != plans[plan.number].config:  # fewer seeds
                ledger.lose_trial(run_id, TIME_IS_UP)
                run_id = ledger.start_again("finalist", plan, {})
            ledger.end_trial(run_id, result, baseline.mae, ledger.now(), more)
            finished = FinishedTrial(plan.number, result.state, metrics | more, result.reason)
            callback.finalist_ended(finished, searched[plan.number])
    except StoreTrouble:  # nothing can be recorded now; resuming the study marks them as lost
        open_runs.clear()
        raise
    finally:
        for run_id in open_runs.values():
            ledger.lose_trial(run_id, TIME_IS_UP if over() else "interrupted")


def _plan(trial: Record, seeds: int, planner: Planner) -> Plan:
    study = planner.config.study
    config = replace(planner.config, study=replace(study, executions=seeds))
    return replace(planner, config=config).plan(
        trial.number,
        proposal_of(trial, planner.space),
        seed=derived(study.seed, trial.number, FINALIST),
        title=f"trial {trial.number}, fresh seeds",
    )
