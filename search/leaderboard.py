"""Trials and baselines of a study, best first: the table that every view shows."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from search.tracking import names
from search.tracking.reading import Record

FIGURES = ("mae", "skill", "rmse", "mase", "mae_std")


@dataclass(frozen=True)
class Row:
    """One trial or baseline.

    Attributes:
        rank: from 1 among what has a score; None without one.
        figures: mae, skill, rmse, mase, mae_std in the series' units, where there are any.
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

    def as_dict(self) -> dict[str, Any]:
        """Returns plain values, for JSON."""
        return {
            "rank": self.rank,
            "kind": self.kind,
            "name": self.name,
            "state": self.state,
            "run_id": self.run_id,
            **{f"validation/{name}": value for name, value in self.figures.items()},
            "epochs": self.epochs,
            "params": self.values,
            "reason": self.reason,
        }


def rows(runs: Sequence[Record]) -> list[Row]:
    """Returns the leaderboard of a study's runs; lost ones are left out.

    Complete trials and baselines are ranked by MAE; pruned trials follow by their last score, then
    failed ones.
    """
    counted = [run for run in runs if run.state in ("complete", "pruned", "failed")]
    order = {"complete": 0, "pruned": 1, "failed": 2}
    infinite = float("inf")
    counted.sort(key=lambda run: (order[str(run.state)], infinite if run.mae is None else run.mae))
    return [_row(run, place + 1) for place, run in enumerate(counted)]


def _row(run: Record, place: int) -> Row:
    figures = {
        name: run.metrics[f"validation/{name}"]
        for name in FIGURES
        if f"validation/{name}" in run.metrics and run.mae is not None
    }
    return Row(
        rank=place if run.state == "complete" else None,
        kind=run.kind,
        name=run.name,
        state=str(run.state),
        run_id=run.run_id,
        figures=figures,
        epochs=int(run.metrics.get("epochs", 0)),
        values={
            key: value for key, value in run.params.items() if run.kind == "trial" and key != "seed"
        },
        reason=run.tags.get(names.REASON, ""),
    )


def best_trial(board: Sequence[Row]) -> Row | None:
    """Returns the best complete trial."""
    return next((row for row in board if row.kind == "trial" and row.state == "complete"), None)


def best_baseline(board: Sequence[Row]) -> Row | None:
    """Returns the best baseline."""
    return next((row for row in board if row.kind == "baseline"), None)


def verdict(board: Sequence[Row], unit: str) -> str:
    """Returns in one sentence whether the best trial beats the best baseline."""
    best, baseline = best_trial(board), best_baseline(board)
    if best is None:
        return "No trial completed."
    if baseline is None:
        return f"Best: {best.name}, MAE {_quantity(best.figures['mae'], unit)}."
    name = baseline.name.removeprefix("baseline · ")
    mae, bar = best.figures["mae"], baseline.figures["mae"]
    if mae < bar:
        return (
            f"{best.name} beats the best baseline ({name}): validation MAE "
            f"{_quantity(mae, unit)} against {_quantity(bar, unit)}, skill {1 - mae / bar:+.1%}."
        )
    return (
        f"NO TRIAL BEATS THE BASELINE: {best.name} has validation MAE {_quantity(mae, unit)}, "
        f"{name} without any net {_quantity(bar, unit)}."
    )


def table(board: Sequence[Row], unit: str, top: int) -> Table:
    """Returns the first `top` trials, and the baselines among and below them, for a terminal."""
    found = Table(title=None, header_style="bold", expand=False)
    for heading in ("#", "name", f"MAE {unit}".strip(), "skill", "RMSE", "epochs", "run"):
        text = heading in ("name", "run")
        found.add_column(heading, justify="left" if text else "right", no_wrap=heading != "name")
    trials = 0
    for row in board:
        if row.kind == "trial":
            trials += 1
            if trials > top:
                continue
        figures = {name: f"{value:.3f}" for name, value in row.figures.items()}
        skill = f"{row.figures['skill']:+.1%}" if "skill" in row.figures else "–"
        state = "" if row.state == "complete" else f" ({row.reason or row.state})"
        found.add_row(
            str(row.rank or "–"),
            f"{row.name}{state}",
            figures.get("mae", "–"),
            skill,
            figures.get("rmse", "–"),
            str(row.epochs) if row.kind == "trial" else "",
            row.run_id,
            style="dim" if row.kind == "baseline" else None,
        )
    return found


def as_csv(board: Sequence[Row]) -> str:
    """Returns the whole leaderboard, a column a searched value."""
    parameters = sorted({name for row in board for name in row.values})
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        ["rank", "kind", "name", "state", "run_id", *FIGURES, "epochs", *parameters, "reason"]
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
                row.epochs,
                *(row.values.get(name, "") for name in parameters),
                row.reason,
            ]
        )
    return file.getvalue()


def _quantity(value: float, unit: str) -> str:
    return f"{value:.3f} {unit}".strip()
