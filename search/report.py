"""The page of a study in MLflow: its description, table and pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from search.config import Config
from search.insight import importances
from search.leaderboard import Row, as_csv, best_trial, optimism, verdict
from search.plots import study as plots
from search.plots import style
from search.plots.parallel import parallel_coordinates
from search.plots.pareto import pareto
from search.plots.slices import contour, slices
from search.restore import point_of
from search.space import Range, Space, spelled
from search.tracking import names
from search.tracking.reading import Record

# Rows of the table in the description, which MLflow cuts at 8,000 characters.
_TABLE_ROWS = 12


@dataclass(frozen=True)
class Page:
    """What a study shows of itself.

    Attributes:
        files: artifacts by name.
        importance: of the searched values, shares of 1 by name.
        mattered: a sentence on it.
    """

    files: dict[str, bytes]
    importance: Mapping[str, float]
    mattered: str


def study_page(
    name: str, runs: Sequence[Record], board: Sequence[Row], space: Space, unit: str
) -> Page:
    """Returns the pictures and the table of a study, and what mattered in it."""
    trials = [
        run for run in runs if run.kind == "trial" and run.state in ("complete", "pruned", "failed")
    ]
    points = [point_of(run.params, space) for run in trials]
    frame = pd.DataFrame(
        {
            "number": [run.number for run in trials],
            "state": [run.state for run in trials],
            "score": [run.mae if run.mae is not None else float("nan") for run in trials],
            **{
                parameter.name: pd.Series(
                    [point.get(parameter.name, float("nan")) for point in points], dtype=object
                )
                for parameter in space.parameters
            },
        }
    )
    baseline = next((row for row in board if row.kind == "baseline"), None)
    scored = [
        (point, run.mae)
        for point, run in zip(points, trials, strict=True)
        if run.state == "complete" and run.mae is not None
    ]
    shares, note = importances(space, scored)
    ranked = sorted(space.names, key=lambda name: -shares.get(name, 0.0))
    logarithmic = [p.name for p in space.parameters if isinstance(p, Range) and p.log]
    figures = {
        "optimization_history.png": plots.optimization_history(
            frame,
            baseline=baseline.figures["mae"] if baseline else float("nan"),
            baseline_name=baseline.name.removeprefix("baseline · ") if baseline else "",
            unit=unit,
            title=f"Score by trial · {name}",
        ),
        "parallel_coordinates.png": parallel_coordinates(
            frame,
            [parameter.name for parameter in space.parameters],
            unit=unit,
            title=f"Searched values and score · {name}",
            logarithmic=logarithmic,
        ),
        "slices.png": slices(
            frame,
            ranked,
            unit=unit,
            title=f"Score by searched value, later trials darker · {name}",
            logarithmic=logarithmic,
        ),
        "contour.png": contour(
            frame,
            [name for name in ranked if name in shares],
            unit=unit,
            title=f"Score over the two values that mattered most · {name}",
            logarithmic=logarithmic,
        ),
        "importance.png": plots.importance(shares, title=f"Importance · {name}", note=note),
    }
    if any(row.pareto is not None for row in board):
        by_run = {row.run_id: row for row in board}
        shown = [by_run[run.run_id] for run in trials]
        table = frame.assign(
            parameters=[row.parameters or float("nan") for row in shown],
            front=[bool(row.pareto) for row in shown],
        )
        figures["pareto.png"] = pareto(table, unit=unit, title=f"Score and size · {name}")
    files = {key: style.to_png(figure) for key, figure in figures.items()}
    files["leaderboard.csv"] = as_csv(board).encode()
    return Page(files, shares, _importance_sentence(shares, note))


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


def description(
    name: str, board: Sequence[Row], space: Space, unit: str, importance: str, *states: str
) -> str:
    """Returns the study's page in Markdown: the result first.

    Args:
        name: of the study.
        board: its leaderboard.
        space: that was searched.
        unit: of the series.
        importance: a sentence on what mattered.
        states: sentences on how it ended; empty ones are left out.
    """
    best = best_trial(board)
    parts = [f"**{verdict(board, unit)}**", optimism(board, unit), *states, _table(board, unit)]
    front = sorted((row for row in board if row.pareto), key=lambda row: row.parameters or 0)
    if front:
        lines = [
            f"| {row.name} | {_figure(row.figures, 'mae')} | {row.parameters} | `{row.run_id}` |"
            for row in front[:_TABLE_ROWS]
        ]
        head = f"| | MAE {unit} | weights | run |\n|---|---|---|---|"
        parts.append("\n".join([f"### Pareto front ({len(front)} trials)", head, *lines]))
    if space.parameters:
        searched = "\n".join(f"- `{p.name}`: {spelled(p)}" for p in space.parameters)
        parts.append(f"### Searched\n{searched}")
    parts.append(f"### What mattered\n{importance}")
    if best is not None:
        parts.append(
            "### Look closer\n"
            f"- best run: `{best.run_id}`\n"
            f"- more of the table: `sweepcast leaderboard {name}`; all of it: `leaderboard.csv`\n"
            "- pictures and files: the Artifacts of this run and of each trial"
        )
    return "\n\n".join(filter(None, parts))


def _importance_sentence(shares: Mapping[str, float], note: str) -> str:
    if not shares:
        return note[:1].upper() + note[1:] + "."
    ranked = sorted(shares.items(), key=lambda item: -item[1])[:5]
    return ", ".join(f"`{name}` {share:.0%}" for name, share in ranked) + f" ({note})."


def _table(board: Sequence[Row], unit: str) -> str:
    trials = [row for row in board if row.kind == "trial"][:_TABLE_ROWS]
    shown = [row for row in board if row.kind == "baseline" or row in trials]
    head = (
        f"| | run | MAE {unit} | with fresh seeds | skill | RMSE {unit} | state |\n"
        "|---|---|---|---|---|---|---|"
    )
    lines = [
        f"| {row.rank or '–'} | {_named(row)} | {_figure(row.figures, 'mae')} "
        f"| {_figure(row.fresh, 'mae')} | {_figure(row.counted, 'skill')} "
        f"| {_figure(row.counted, 'rmse')} | {row.state} |"
        for row in shown
    ]
    return "\n".join([head, *lines])


def _named(row: Row) -> str:
    return f"*{row.name}*" if row.kind == "baseline" else row.name


def _figure(figures: Mapping[str, float], name: str) -> str:
    if name not in figures:
        return "–"
    return f"{figures[name]:+.1%}" if name == "skill" else f"{figures[name]:.3f}"
