"""Collects the results of a study for its report, independent of the format."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from search.config.schema import Config
from search.results.importance import importances
from search.results.leaderboard import Row, best_baseline, best_trial, rows
from search.space.space import Point, Range, Space
from search.study.budget import TIME_IS_UP
from search.study.preparation import PreparedStudy
from search.study.restore import point_of
from search.tracking import names
from search.tracking.reading import FINISHED, Record
from search.tracking.registry import model_name


@dataclass(frozen=True, eq=False)
class Findings:
    """The results of a study with K finished trials.

    Attributes:
        name: name of the study.
        prepared: the search space, the series and the configuration.
        runs: trials and baselines of the study, from the store.
        board: leaderboard of the study.
        trials: table with one row per finished trial [K], ordered by number. Columns: number,
            state, score (NaN if there is none), name, reason, run_id, parameters (weights of the
            model, NaN if unknown), front (whether the trial is on the Pareto front), and one per
            searched value (NaN if the trial does not have it).
        importance: importance of each searched value by name, as shares of 1.
        importance_note: how the importance was computed, or why there is none.
        state: sentence that says how the study ended.
        saved: sentence on the epochs that the pruner saved; empty if it stopped no trial.
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
        """The search space."""
        return self.prepared.space

    @property
    def unit(self) -> str:
        """Unit of the series."""
        return self.prepared.series.unit

    @property
    def ranked(self) -> list[str]:
        """Names of the searched values, most important first."""
        return sorted(self.space.names, key=lambda name: -self.importance.get(name, 0.0))

    @property
    def logarithmic(self) -> list[str]:
        """Names of the searched values that were drawn on a log scale."""
        return [p.name for p in self.space.parameters if isinstance(p, Range) and p.log]

    @property
    def mattered(self) -> str:
        """How the importance was computed, or why there is none, as a sentence."""
        note = self.importance_note
        return f"{note if self.importance else note[:1].upper() + note[1:]}."

    @property
    def best(self) -> Row | None:
        """The best complete trial."""
        return best_trial(self.board)

    @property
    def baseline(self) -> Row | None:
        """The best baseline."""
        return best_baseline(self.board)

    @property
    def baseline_name(self) -> str:
        """Name of the best baseline; empty if there is none."""
        return self.baseline.name.removeprefix("baseline · ") if self.baseline else ""

    @property
    def baseline_mae(self) -> float:
        """MAE of the best baseline; NaN if there is none."""
        return self.baseline.figures["mae"] if self.baseline else float("nan")

    @property
    def several(self) -> bool:
        """Whether the study has several objectives."""
        return any(row.pareto is not None for row in self.board)


def findings(name: str, runs: Sequence[Record], prepared: PreparedStudy, state: str) -> Findings:
    """Returns the results of a study; `state` is a sentence that says how it ended."""
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
    """Returns a sentence on the epochs that the pruner saved; empty if there are none."""
    executions = config.task.folds * config.study.executions
    pruned = [run for run in runs if run.kind == "trial" and run.state == "pruned"]
    pruned = [run for run in pruned if names.DUPLICATE_OF not in run.tags]
    pruned = [run for run in pruned if TIME_IS_UP not in run.tags.get(names.REASON, "")]
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
    """Returns the next commands for a study, each with what it does."""
    study = shlex.quote(found.name)
    look = [
        (f"sweepcast leaderboard {study}", "shows the leaderboard in the terminal"),
        (f"sweepcast ui {study}", "opens this study in MLflow, with the files of every trial"),
    ]
    if found.best is None:
        return look
    run = found.best.run_id
    return [
        (f"sweepcast reproduce {run}", "trains the best trial again and compares it bit for bit"),
        (
            f"sweepcast evaluate {run}",
            "scores it on the test block with fresh seeds, next to the baselines; each use of "
            "the test block is counted",
        ),
        (
            f"sweepcast promote {run}",
            "does the same and, if the trial beats the baselines, trains it on all readings and "
            f"registers it as {model_name(found.prepared.series.name)}",
        ),
        *look,
    ]


WHERE = (
    "Run these commands in the folder where this study was started, or set MLFLOW_TRACKING_URI to "
    "its store."
)
