"""Summary that is printed at the end of a study."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from search.results.leaderboard import Row, best_forecaster
from search.results.verdict import optimism, verdict
from search.terminal.console import print_line, verdict_style
from search.terminal.leaderboard_table import leaderboard_table
from search.tracking.store.connection import store_uri

# With these limits the summary fits on a screen of 25 lines by 80 characters.
_ROWS, _BASELINES = 7, 2


@dataclass(frozen=True)
class StudySummary:
    """Result of a study.

    Attributes:
        name: name of the study.
        board: trials and baselines of the study, best first.
        unit: unit of the series.
        uri: URI of the store.
        state: sentence that says why the study ended.
        status: exit status of the program.
        trusted: packages that contain the study's builders, for `--trust`.
    """

    name: str
    board: Sequence[Row]
    unit: str
    uri: str
    state: str
    status: int
    trusted: Sequence[str] = ()


def print_summary(console: Console, end: StudySummary) -> None:
    """Prints the top of the leaderboard, the verdict, and the commands to run next."""
    baselines = sum(row.kind == "baseline" for row in end.board)
    trials = min(sum(row.kind == "trial" for row in end.board), _ROWS - min(baselines, _BASELINES))
    console.print(
        leaderboard_table(
            end.board,
            end.unit,
            console.width,
            trials=trials,
            baselines=_ROWS - trials,
            brief=True,
        )
    )
    best = best_forecaster(end.board)
    style = verdict_style(best.verdict if best else None)
    print_line(console, verdict(end.board, end.unit, brief=True), style)
    for line in filter(None, [optimism(end.board, end.unit), end.state]):
        print_line(console, line)
    here = end.uri == store_uri(None)
    for line in (
        f"study:    {end.name}",
        *([f"best run: {best.run_id}"] if best else []),
        f"store:    {end.uri}" if here else f"export MLFLOW_TRACKING_URI={shlex.quote(end.uri)}",
        "",
        *(shlex.join([*program(), *words]) for words in _next(end, best)),
    ):
        console.print(Text(line), soft_wrap=True)


def _next(end: StudySummary, best: Row | None) -> list[list[str]]:
    """Returns the commands that can be run next."""
    trust = [word for package in end.trusted for word in ("--trust", package)]
    again = ("evaluate", "reproduce", "promote") if best else ()
    return [
        ["ui", end.name],
        ["leaderboard", end.name],
        *([command, f"{end.name}:best", *trust] for command in again),
    ]


def program() -> list[str]:
    """Returns the command that starts the program in the current directory."""
    if shutil.which("sweepcast"):
        return ["sweepcast"]
    python, here = Path(sys.executable), Path.cwd()
    shown = python.relative_to(here) if python.is_relative_to(here) else python
    script = shown.with_name("sweepcast")
    return [str(script)] if script.exists() else [str(shown), "-m", "search"]
