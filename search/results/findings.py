"""What a study has found: what its page tells, in whatever form."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from search.config.schema import Config
from search.results.importance import importances
from search.results.leaderboard import Row, best_baseline, best_trial, rows
from search.space.space import (
    Point,
    Range,
    Space,
)
from search.study.preparation import PreparedStudy
from search.study.restore import point_of
from search.tracking import names
from search.tracking.reading import FINISHED, Record
from search.tracking.registry import model_name


@dataclass(frozen=True, eq=False)
class Findings:
    """What a study has found. K trials.

    Attributes:
        name: of the study.
        prepared: what was searched, on which series.
        runs: its trials and baselines, as the store has them.
        board: its leaderboard.
        trials: a row a trial that ended [K], in the order of their numbers: number, state, score
            (NaN without one), name, reason, run_id, parameters (weights of the net, NaN where they
            are not known), front (of Pareto), and a column a searched value, NaN where it was not
            drawn.
        importance: of the searched values, shares of 1 by name.
        importance_note: how they were found, or why there are none.
        state: a sentence on how the study ended.
        saved: a sentence on what the pruner saved; empty if it stopped nothing.
    """

    name: str
    prepared: PreparedStudy
    runs: Sequence[Record]
    board: Sequence[Row]
    trials: pd.DataFrame
    importance: Mapping[str, float]
    importance_note: str
    state: str
    saved: str

    @property
    def space(self) -> Space:
        """What was searched."""
        return self.prepared.space

    @property
    def unit(self) -> str:
        """Of the series."""
        return self.prepared.series.unit

    @property
    def ranked(self) -> list[str]:
        """The searched values, what mattered most first."""
        return sorted(self.space.names, key=lambda name: -self.importance.get(name, 0.0))

    @property
    def logarithmic(self) -> list[str]:
        """The searched values that were drawn on a log scale."""
        return [p.name for p in self.space.parameters if isinstance(p, Range) and p.log]

    @property
    def mattered(self) -> str:
        """How the importance was found, or why there is none, as a sentence."""
        note = self.importance_note
        return f"{note if self.importance else note[:1].upper() + note[1:]}."

    @property
    def best(self) -> Row | None:
        """The best trial."""
        return best_trial(self.board)

    @property
    def baseline(self) -> Row | None:
        """The best baseline."""
        return best_baseline(self.board)

    @property
    def baseline_name(self) -> str:
        """What the best baseline is called; empty without one."""
        return self.baseline.name.removeprefix("baseline · ") if self.baseline else ""

    @property
    def baseline_mae(self) -> float:
        """Its score; NaN without one."""
        return self.baseline.figures["mae"] if self.baseline else float("nan")

    @property
    def several(self) -> bool:
        """Whether the study has several objectives."""
        return any(row.pareto is not None for row in self.board)


def findings(name: str, runs: Sequence[Record], prepared: PreparedStudy, state: str) -> Findings:
    """Returns what the runs of a study have found; `state` says in a sentence how it ended."""
    board, space = rows(runs), prepared.space
    ended = [run for run in runs if run.kind == "trial" and run.state in FINISHED]
    ended.sort(key=lambda run: run.number)
    points = [point_of(run.params, space) for run in ended]
    scored = [
        (point, run.mae)
        for point, run in zip(points, ended, strict=True)
        if run.state == "complete" and run.mae is not None
    ]
    importance, note = importances(space, scored)
    return Findings(
        name=name,
        prepared=prepared,
        runs=runs,
        board=board,
        trials=_table(ended, points, board, space),
        importance=importance,
        importance_note=note,
        state=state,
        saved=saved_by_pruning(runs, prepared.config),
    )


def _table(
    ended: Sequence[Record], points: Sequence[Point], board: Sequence[Row], space: Space
) -> pd.DataFrame:
    by_run = {row.run_id: row for row in board}
    shown = [by_run[run.run_id] for run in ended]
    nan = float("nan")
    return pd.DataFrame(
        {
            "number": [run.number for run in ended],
            "state": [row.state for row in shown],
            "score": [row.figures.get("mae", nan) for row in shown],
            "name": [row.name for row in shown],
            "reason": [row.reason for row in shown],
            "run_id": [row.run_id for row in shown],
            "parameters": [nan if row.parameters is None else row.parameters for row in shown],
            "front": [bool(row.pareto) for row in shown],
            **{
                name: pd.Series([point.get(name, nan) for point in points], dtype=object)
                for name in space.names
            },
        }
    )


def saved_by_pruning(runs: Sequence[Record], config: Config) -> str:
    """Returns in one sentence how many epochs the pruner saved; empty if it stopped nothing."""
    executions = config.task.folds * config.study.executions
    pruned = [run for run in runs if run.kind == "trial" and run.state == "pruned"]
    pruned = [run for run in pruned if names.DUPLICATE_OF not in run.tags]
    whole = [
        executions * int(run.params.get("training.epochs", config.training.epochs))
        for run in pruned
    ]
    trained = sum(run.metrics.get("epochs", 0) for run in runs if run.kind == "trial")
    saved = sum(whole) - sum(run.metrics.get("epochs", 0) for run in pruned)
    if saved <= 0:
        return ""
    return (
        f"The pruner stopped {len(pruned)} trials and saved {saved:.0f} of "
        f"{trained + saved:.0f} epochs ({saved / (trained + saved):.0%})."
    )


def commands(found: Findings) -> list[tuple[str, str]]:
    """Returns what to do with a study: each command, and what it does."""
    study = shlex.quote(found.name)
    look = [
        (f"sweepcast leaderboard {study}", "shows the table in a terminal"),
        (f"sweepcast ui {study}", "opens MLflow on this study, with the files of every trial"),
    ]
    if found.best is None:
        return look
    run = found.best.run_id
    return [
        (f"sweepcast reproduce {run}", "trains the best trial again and compares bit for bit"),
        (
            f"sweepcast evaluate {run}",
            "scores it on the test block, with fresh seeds, beside the baselines; each reading of "
            "that block is counted",
        ),
        (
            f"sweepcast promote {run}",
            "does the same and, if it beats the baselines, trains it on all readings and "
            f"registers it as {model_name(found.prepared.series.name)}",
        ),
        *look,
    ]


WHERE = (
    "Run them in the folder where this study was started, or with MLFLOW_TRACKING_URI set to its "
    "store."
)
