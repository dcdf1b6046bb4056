"""Creates the leaderboard of a study: its trials, ensemble and baselines, best first."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from search.results.judgement import Verdict, judged
from search.tracking import names
from search.tracking.reading import Record

FIGURES = ("mae", "skill", "skill_low", "skill_high", "rmse", "mase", "mae_std")
FRESH = ("optimism", "averaged_mae")
FORECASTERS = ("trial", "ensemble")  # what a study finds, unlike baselines


@dataclass(frozen=True)
class Row:
    """One trial, ensemble or baseline.

    Attributes:
        rank: rank among the complete runs, from 1; None for any other run.
        figures: mae, rmse and mae_std in the series' units, skill with the bounds skill_low and
            skill_high of its 95 % confidence interval, and mase, as far as they exist.
        fresh: the same of a finalist, over seeds that the search never used, with optimism and
            averaged_mae, the MAE of the mean of their forecasts; empty for any other trial.
        seeds: number of these fresh seeds.
        parameters: number of weights of the model; None if unknown.
        pareto: whether no other trial beats it in all objectives; None with one objective.
        verdict: how a complete trial or an ensemble compares with the best baseline; None if there
            is none.
    """

    rank: int | None
    kind: str
    name: str
    state: str
    run_id: str
    figures: dict[str, float]
    epochs: int
    values: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    fresh: dict[str, float] = field(default_factory=dict)
    seeds: int = 0
    parameters: int | None = None
    pareto: bool | None = None
    verdict: Verdict | None = None

    @property
    def counted(self) -> dict[str, float]:
        """The metrics that rank this row: those over fresh seeds, if there are any."""
        return self.fresh or self.figures

    def as_dict(self) -> dict[str, Any]:
        """Returns the row as plain values for JSON."""
        return {
            "rank": self.rank,
            "kind": self.kind,
            "name": self.name,
            "state": self.state,
            "run_id": self.run_id,
            **{f"validation/{name}": value for name, value in self.figures.items()},
            "fresh": {f"validation/{name}": value for name, value in self.fresh.items()},
            "fresh_seeds": self.seeds,
            "verdict": self.verdict,
            "epochs": self.epochs,
            "parameters": self.parameters,
            "pareto": self.pareto,
            "params": self.values,
            "reason": self.reason,
        }


def rows(runs: Sequence[Record]) -> list[Row]:
    """Returns the leaderboard of a study's runs, without lost runs.

    Complete runs are ranked by MAE, a finalist by its MAE over fresh seeds. No
    other trial ranks above a finalist, because its score may be low by the luck of the search.
    Pruned trials follow, ordered by their last score, then failed trials.
    """
    finalists = {
        run.number: run for run in runs if run.kind == "finalist" and run.state == "complete"
    }
    counted = [
        run
        for run in runs
        if run.kind in ("trial", "baseline") and run.state in ("complete", "pruned", "failed")
    ]
    ensembles = [run for run in runs if run.kind == "ensemble" and run.state == "complete"]
    counted += ensembles[-1:]  # a resumed study replaces its ensemble
    last_finalist = max((run.mae or 0.0 for run in finalists.values()), default=0.0)
    order = {"complete": 0, "pruned": 1, "failed": 2}

    def place(run: Record) -> tuple[int, float, float]:
        mae = float("inf") if run.mae is None else run.mae
        judged = mae
        if run.kind == "trial":
            again = finalists.get(run.number)
            judged = max(mae, last_finalist) if again is None else again.mae or 0.0
            mae = mae if again is None else 0.0
        return order[str(run.state)], judged, mae

    counted.sort(key=place)
    board = [
        _row(run, i + 1, finalists.get(run.number) if run.kind == "trial" else None)
        for i, run in enumerate(counted)
    ]
    return _with_verdicts(board)


def _with_verdicts(board: Sequence[Row]) -> list[Row]:
    baseline = best_baseline(board)
    bar = baseline.figures.get("mae") if baseline else None
    return [
        replace(row, verdict=judged(row.counted, bar))
        if bar is not None and row.kind in FORECASTERS and row.rank is not None and row.figures
        else row
        for row in board
    ]


def _row(run: Record, place: int, again: Record | None) -> Row:
    return Row(
        rank=place if run.state == "complete" else None,
        kind=run.kind,
        name=run.name,
        state=str(run.state),
        run_id=run.run_id,
        figures=_figures(run, FIGURES),
        epochs=int(run.metrics.get("epochs", 0)),
        values={key: value for key, value in run.params.items() if key != "seed"},
        reason=run.tags.get(names.REASON, ""),
        fresh={} if again is None else _figures(again, (*FIGURES, *FRESH)),
        seeds=0 if again is None else int(again.params[names.EXECUTIONS]),
        parameters=int(run.metrics["parameters"]) if "parameters" in run.metrics else None,
        pareto={"true": True, "false": False}.get(run.tags.get(names.PARETO, "")),
    )


def _figures(run: Record, wanted: Sequence[str]) -> dict[str, float]:
    return {
        name: run.metrics[f"validation/{name}"]
        for name in wanted
        if f"validation/{name}" in run.metrics and run.mae is not None
    }


def best_trial(board: Sequence[Row]) -> Row | None:
    """Returns the best complete trial."""
    return next((row for row in board if row.kind == "trial" and row.state == "complete"), None)


def best_forecaster(board: Sequence[Row]) -> Row | None:
    """Returns the best complete trial, or the ensemble if it is better."""
    found = (row for row in board if row.kind in FORECASTERS and row.state == "complete")
    return next(found, None)


def ensemble_of(board: Sequence[Row]) -> Row | None:
    """Returns the ensemble."""
    return next((row for row in board if row.kind == "ensemble"), None)


def best_baseline(board: Sequence[Row]) -> Row | None:
    """Returns the best baseline."""
    return next((row for row in board if row.kind == "baseline"), None)


def beats(board: Sequence[Row]) -> bool:
    """Returns whether the best trial or the ensemble beats the best baseline."""
    best, baseline = best_forecaster(board), best_baseline(board)
    if best is None or baseline is None:
        return False
    return best.counted["mae"] < baseline.figures["mae"]


def as_csv(board: Sequence[Row]) -> str:
    """Returns the whole leaderboard as CSV, with one column per searched value."""
    parameters = sorted({name for row in board if row.kind == "trial" for name in row.values})
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        [
            *("rank", "kind", "name", "state", "run_id", *FIGURES),
            *(f"fresh_{name}" for name in (*FIGURES, *FRESH)),
            *("verdict", "epochs", "parameters", "pareto", *parameters, "reason"),
        ]
    )
    for row in board:
        writer.writerow(
            [
                row.rank,
                row.kind,
                row.name,
                row.state,
                row.run_id,
                *(row.figures.get(name, "") for name in FIGURES),
                *(row.fresh.get(name, "") for name in (*FIGURES, *FRESH)),
                row.verdict or "",
                row.epochs,
                "" if row.parameters is None else row.parameters,
                "" if row.pareto is None else names.text(row.pareto),
                *(row.values.get(name, "") for name in parameters),
                row.reason,
            ]
        )
    return file.getvalue()
