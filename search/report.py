"""The page of a study in MLflow: its description, table and pictures."""

from collections.abc import Mapping, Sequence

import pandas as pd

from search.insight import importances
from search.leaderboard import Row, as_csv, best_trial, optimism, verdict
from search.plots import study as plots
from search.plots import style
from search.plots.parallel import parallel_coordinates
from search.restore import point_of
from search.space import Range, Space, spelled
from search.tracking.reading import Record

# Rows of the table in the description, which MLflow cuts at 8,000 characters.
_TABLE_ROWS = 12


def study_files(
    name: str, runs: Sequence[Record], board: Sequence[Row], space: Space, unit: str
) -> tuple[dict[str, bytes], str]:
    """Returns the artifacts of a study by name, and a sentence on what mattered."""
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
            logarithmic=[p.name for p in space.parameters if isinstance(p, Range) and p.log],
        ),
        "importance.png": plots.importance(shares, title=f"Importance · {name}", note=note),
    }
    files = {key: style.to_png(figure) for key, figure in figures.items()}
    files["leaderboard.csv"] = as_csv(board).encode()
    return files, _importance_sentence(shares, note)


def description(
    name: str, board: Sequence[Row], space: Space, unit: str, importance: str, state: str
) -> str:
    """Returns the study's page in Markdown: the result first."""
    best = best_trial(board)
    parts = [f"**{verdict(board, unit)}**", optimism(board, unit), state, _table(board, unit)]
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
