"""Leaderboard as a table for the terminal."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from rich.console import Group
from rich.text import Text

from search.results.judgement import interval
from search.results.leaderboard import Row, best_forecaster
from search.terminal.tables import Column, fitted_table


def leaderboard_table(
    board: Sequence[Row],
    unit: str,
    width: int,
    *,
    trials: int,
    baselines: int | None = None,
    brief: bool = False,
) -> Group:
    """Returns a table of ensemble, best trials and baselines, and a line that counts the others.

    Args:
        board: all trials and baselines, best first.
        unit: unit of the series.
        width: width of the terminal; a narrow terminal gets fewer columns.
        trials: maximum number of trials to show.
        baselines: maximum number of baselines to show; None shows all.
        brief: whether rows are cut to one line and the run ids are the first column to be dropped.
    """
    shown_baselines = len(board) if baselines is None else baselines
    most = {"trial": trials, "baseline": shown_baselines, "ensemble": 1}
    counts: Counter[str] = Counter()
    shown = []
    for row in board:
        counts[row.kind] += 1
        if counts[row.kind] <= most[row.kind]:
            shown.append(row)
    best = best_forecaster(board)
    finals, several = any(row.fresh for row in board), any(row.pareto is not None for row in board)
    known = any(interval(row.counted) for row in shown)

    def column(
        heading: str, cell: Callable[[Row], str], dropped_at: int | None, *, when: bool = True
    ) -> list[Column]:
        cells = [cell(row) for row in shown]
        return [Column(heading, cells, right=True, dropped_at=dropped_at)] if when else []

    made = fitted_table(
        [
            *column("#", lambda row: str(row.rank or "–"), None),
            Column("name", [_named(row) for row in shown], least=28 if brief else 20),
            *column("fresh seeds", _fresh, None, when=finals),
            *column(f"MAE {unit}".strip(), lambda row: _figure(row.figures, "mae"), None),
            *column("skill", _skill, 5),
            *column("95 % interval", lambda row: interval(row.counted), 3, when=known),
            *column("RMSE", lambda row: _figure(row.counted, "rmse"), 2),
            *column("epochs", lambda row: str(row.epochs) if row.kind == "trial" else "", 1),
            *column("weights", lambda row: str(row.parameters or ""), 4, when=several),
            *column("front", lambda row: "◆" if row.pareto else "", None, when=several),
            Column("run", [row.run_id for row in shown], dropped_at=0 if brief else 9),
        ],
        width,
        styles=[_style(row, best) for row in shown],
        wrap=not brief,
    )
    more = [
        f"{left} more {kind}{'s' * (left > 1)}"
        for kind, left in ((kind, counts[kind] - most[kind]) for kind in most)
        if left > 0
    ]
    note = [Text(f"… and {' and '.join(more)}", style="dim")] if more else []
    return Group(made, *note)


def _named(row: Row) -> str:
    reason = row.reason.splitlines()[0] if row.reason else row.state
    return row.name if row.state == "complete" else f"{row.name} ({reason})"


def _fresh(row: Row) -> str:
    return _figure(row.fresh, "mae") if row.kind == "trial" else ""


def _skill(row: Row) -> str:
    return f"{row.counted['skill']:+.1%}" if "skill" in row.counted else "–"


def _style(row: Row, best: Row | None) -> str:
    if row is best:
        return "bold"
    return "dim" if row.kind == "baseline" else ""


def _figure(figures: Mapping[str, float], name: str) -> str:
    return f"{figures[name]:.3f}" if name in figures else "–"
