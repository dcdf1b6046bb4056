"""Table of all trials and baselines on the page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from search.plots.formatting import cut, short_names
from search.results.findings import Findings
from search.results.judgement import Verdict, interval
from search.results.leaderboard import Row

# Maximum number of rows, so that a browser sorts them fast; `leaderboard.csv` has all rows.
MOST = 2000
_REASON = 240  # maximum length of a reason, in characters
_LONG = 8  # maximum length of a number, in characters


@dataclass(frozen=True)
class Cell:
    """The text of a cell, the number it is sorted by if it is numeric, and a CSS class."""

    text: str
    value: float | None = None
    look: str = ""


@dataclass(frozen=True)
class Column:
    """A heading, its explanation, and the style of its cells: `number`, `long` or empty."""

    title: str
    full: str
    look: str = ""


@dataclass(frozen=True)
class Line:
    """A row of the table. `state` is complete, pruned, failed or baseline."""

    state: str
    best: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """The leaderboard, best first; `left` is the number of rows left out."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    left: int

    @property
    def states(self) -> list[str]:
        """The states that occur, in the order of the table."""
        return [*dict.fromkeys(line.state for line in self.lines)]


_Made = tuple[Column, Callable[[Row], Cell]]


def table(found: Findings) -> Table:
    """Returns the table of a study without its empty columns."""
    shown = found.board[:MOST]
    wanted = [*_figures(found), *_searched(found), *_last()]
    made = [(column, [cell(row) for row in shown]) for column, cell in wanted]
    filled = [(column, cells) for column, cells in made if any(cell.text for cell in cells)]
    columns = tuple(column for column, _ in filled)
    rows = zip(*(cells for _, cells in filled), strict=True)
    lines = tuple(
        Line(_state(row), row is found.best, cells) for row, cells in zip(shown, rows, strict=True)
    )
    return Table(columns, lines, len(found.board) - len(shown))


def _state(row: Row) -> str:
    return row.state if row.kind == "trial" else row.kind


def _figures(found: Findings) -> list[_Made]:
    unit = f" {found.unit}".rstrip()
    lowest = min((row.figures["mae"] for row in found.board if row.figures), default=1.0)
    decimals = int(np.clip(3 - np.floor(np.log10(lowest or 1.0)), 0, 9))  # four digits of the MAE
    task, study = found.prepared.config.task, found.prepared.config.study
    once = task.folds * study.executions == 1

    def figure(title: str, full: str, of: Callable[[Row], Mapping[str, float]], key: str) -> _Made:
        return Column(title, full, "number"), lambda row: _number(of(row).get(key), decimals)

    def repeated(row: Row) -> Mapping[str, float]:
        return row.fresh if once else row.counted

    return [
        (Column("#", "rank", "number"), lambda row: _whole(row.rank)),
        (Column("name", "trial or baseline"), lambda row: Cell(row.name)),
        (Column("state", "state of the trial, or baseline"), lambda row: Cell(_state(row))),
        figure(f"MAE{unit}", "validation/mae", lambda row: row.figures, "mae"),
        figure("fresh seeds", "MAE with seeds that the search never used", _fresh, "mae"),
        figure("averaged", "MAE of the mean forecast of these seeds", _fresh, "averaged_mae"),
        (
            Column("skill", "1 − MAE / MAE of the best baseline", "number"),
            lambda row: _share(row.counted.get("skill")),
        ),
        (
            Column("95 % interval", "95 % confidence interval of the skill", "number"),
            lambda row: _interval(row.counted),
        ),
        (
            Column("verdict", "against the best baseline, by the interval of the skill"),
            lambda row: Cell(row.verdict or "", look=css_class(row.verdict) if row.verdict else ""),
        ),
        figure(f"RMSE{unit}", "validation/rmse", lambda row: row.counted, "rmse"),
        figure("MASE", "MAE / in-sample MAE of seasonal naive", lambda row: row.counted, "mase"),
        figure("spread", "standard deviation of the MAE over executions", repeated, "mae_std"),
        (
            Column("epochs", "epochs trained in all executions", "number"),
            lambda row: _whole(row.epochs if row.kind == "trial" else None),
        ),
        (Column("weights", "weights of the model", "number"), lambda row: _whole(row.parameters)),
        (
            Column("front", "on the Pareto front: no other trial beats it in all objectives"),
            lambda row: Cell("◆" if row.pareto else ""),
        ),
    ]


def css_class(verdict: Verdict | None) -> str:
    """Returns the CSS class of a verdict: better, unclear, worse or none."""
    return "none" if verdict is None else verdict.name.lower()


def _interval(figures: Mapping[str, float]) -> Cell:
    return Cell(interval(figures).replace("-", "−"), figures.get("skill_low"))


def _fresh(row: Row) -> Mapping[str, float]:
    return row.fresh if row.kind == "trial" else {}


def _searched(found: Findings) -> list[_Made]:
    names = found.space.names
    written = [row.values for row in found.board if row.kind == "trial"]

    def column(name: str, short: str) -> _Made:
        values = [value for row in written if (value := row.get(name)) is not None]
        numeric = bool(values) and all(_read(value) is not None for value in values)
        look = "number" if numeric else ""
        return Column(short, name, look), lambda row: value_of(row.values.get(name, ""))

    return [column(*both) for both in zip(names, short_names(names), strict=True)]


def _last() -> Sequence[_Made]:
    return [
        (
            Column("reason", "why the trial was pruned or failed", "long"),
            lambda row: Cell(cut(row.reason, _REASON)),
        ),
        (Column("run", "run id in MLflow"), lambda row: Cell(row.run_id)),
    ]


def _read(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def value_of(text: str) -> Cell:
    """Returns the cell of a parameter value; long numbers are shortened."""
    value = _read(text)
    long = value is not None and len(text) > _LONG
    return Cell(f"{value:.4g}" if long else text, value)


def _number(value: float | None, decimals: int) -> Cell:
    if value is None or not isfinite(value):
        return Cell("")
    return Cell(f"{value:.{decimals}f}".replace("-", "−"), value)


def _whole(value: int | None) -> Cell:
    return Cell("") if value is None else Cell(str(value), value)


def _share(value: float | None) -> Cell:
    if value is None or not isfinite(value):
        return Cell("")
    return Cell(f"{value:+.1%}".replace("-", "−"), value)
