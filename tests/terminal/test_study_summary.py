"""Summary of a study on a screen of 80 by 25, and the columns dropped from narrow tables."""

import io
import re
import shlex
from pathlib import Path

import pytest
from rich.console import Console

from search.results.leaderboard import Row, rows
from search.terminal.leaderboard_table import leaderboard_table
from search.terminal.study_summary import StudySummary, print_summary
from search.terminal.tables import Column, fitted_table
from search.tracking.reading import Record
from search.tracking.store.connection import store_uri

MODELS = (
    "2×conv 128×6/2 · 2×bilstm 128 · 2×dense 32 · skip · w24 · rmsprop",
    "dense 16 · w7 · sgd",
)
BASELINES = (
    *("linear ar calendar", "linear ar", "persistence"),
    *("drift", "climatology", "seasonal naive"),
)
STATE = "Interrupted after 12 of 40 trials; run the same command to resume."


def record(kind: str, number: int, mae: float, name: str, **more: object) -> Record:
    tags = {} if kind == "baseline" else {"sweepcast.trial": str(number)}
    tags |= more.get("tags", {})  # type: ignore[arg-type]
    metrics = {"validation/mae": mae, "validation/skill": 1 - mae, "validation/rmse": 9 * mae}
    metrics |= {"epochs": 30.0, **more.get("metrics", {})}  # type: ignore[dict-item]
    run_id = f"{kind[0]}{number:031d}"
    state = str(more.get("state", "complete"))
    params = {"study.executions": "3"}
    return Record(run_id, name, kind, "s", state, number, number, tags, params, metrics)


def board(trials: int, finalists: int = 0, *, objectives: int = 1) -> list[Row]:
    """Returns a leaderboard; of every seven trials, one is pruned and one failed."""
    runs = [
        record("baseline", i, 1.05 + i, f"baseline · {name}") for i, name in enumerate(BASELINES)
    ]
    for number in range(trials):
        state = {5: "failed", 4: "pruned"}.get(number % 7, "complete")
        tags = {} if state == "complete" else {"sweepcast.reason": "no model " * 9}
        metrics = {}
        if objectives > 1:
            tags["sweepcast.pareto"] = "true" if number % 2 else "false"
            metrics = {"parameters": 12345.0}
        name = f"trial {number} · {MODELS[number % 2]}"
        mae = 1 + number / 50
        runs.append(record("trial", number, mae, name, state=state, tags=tags, metrics=metrics))
    figures = {"optimism": -0.01, "skill_low": -0.012, "skill_high": 0.034}
    fresh = {f"validation/{name}": value for name, value in figures.items()}
    runs += [record("finalist", n, 1.01 + n / 50, "again", metrics=fresh) for n in range(finalists)]
    return rows(runs)


def shown(width: int, found: list[Row], **more: object) -> list[str]:
    """Returns the lines of the summary as a terminal of this width wraps them."""
    console = Console(
        file=io.StringIO(), force_terminal=True, width=width, color_system=None, markup=False
    )
    uri = str(more.get("uri", store_uri(None)))
    name = "seattle-conv_recurrent-optuna-5f1e02"
    print_summary(
        console,
        StudySummary(name, found, "°C", uri, STATE, 0, ["harbour"] if "own" in more else []),
    )
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return [
        line[start : start + width]
        for line in text.splitlines()
        for start in range(0, max(len(line.rstrip()), 1), width)
    ]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Changes to an empty folder and puts a `sweepcast` command on the PATH."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sweepcast").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("trials", [0, 1, 10, 40])
@pytest.mark.parametrize("finalists", [0, 3])
@pytest.mark.parametrize("objectives", [1, 2])
def test_the_summary_of_a_study_has_at_most_25_lines(
    installed: Path, width: int, trials: int, finalists: int, objectives: int
) -> None:
    found = board(trials, min(trials, finalists), objectives=objectives)
    lines = shown(width, found)
    assert len(lines) <= 25
    text = "\n".join(lines)
    assert STATE in text
    assert "study:    seattle-conv_recurrent-optuna-5f1e02" in lines
    assert ("No trial completed." in text) is not trials
    if trials:
        best = next(row for row in found if row.kind == "trial")
        assert best.name[:20] in text
        assert f"best run: {best.run_id}" in lines
        assert lines[-1] == "sweepcast promote seattle-conv_recurrent-optuna-5f1e02:best"
    hidden = [row for row in found if row.name[:20] not in text]
    assert ("… and " in text) is bool(hidden)
    assert BASELINES[0] in text


def test_the_summary_lists_the_commands_to_run_next(installed: Path) -> None:
    assert [shlex.split(line)[1:2] for line in shown(120, board(2))[-5:]] == [
        [word] for word in ("ui", "leaderboard", "evaluate", "reproduce", "promote")
    ]
    lines = shown(120, board(2), own=True, uri="sqlite:////elsewhere/my store.db")
    assert "export MLFLOW_TRACKING_URI='sqlite:////elsewhere/my store.db'" in lines
    assert all(line.endswith(":best --trust harbour") for line in lines[-3:])


@pytest.mark.parametrize(
    ("variables", "styles"),
    [
        ({"TERM": "xterm"}, {"1", "2", "1;32"}),
        ({"TERM": "xterm", "NO_COLOR": "1"}, {"1", "2"}),  # bold and dim are not colours
        ({"TERM": "dumb"}, set()),
    ],
)
def test_colours_are_omitted_with_no_color_or_a_dumb_terminal(
    variables: dict[str, str], styles: set[str]
) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, _environ=variables)
    print_summary(console, StudySummary("name", board(3), "°C", store_uri(None), STATE, 0))
    found = set(re.findall(r"\x1b\[([\d;]+)m", console.file.getvalue()))  # type: ignore[attr-defined]
    assert found - {"0"} == styles


@pytest.mark.parametrize(
    ("bounds", "mae", "style", "words"),
    [
        ((0.1, 0.3), 0.9, "1;32", "better"),
        ((-0.1, 0.3), 0.9, "1;33", "no clear difference"),
        ((-0.3, 0.1), 1.2, "1;33", "no clear difference"),
        ((-0.3, -0.1), 1.2, "1;31", "worse"),
    ],
)
def test_the_verdict_has_a_colour_and_words(
    bounds: tuple[float, float], mae: float, style: str, words: str
) -> None:
    ends = {"validation/skill_low": bounds[0], "validation/skill_high": bounds[1]}
    runs = [record("trial", 0, mae, "trial 0", metrics=ends), record("baseline", 0, 1.05, "ridge")]
    console = Console(
        file=io.StringIO(), force_terminal=True, width=200, _environ={"TERM": "xterm"}
    )
    print_summary(console, StudySummary("name", rows(runs), "°C", store_uri(None), STATE, 0))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    sentence = re.search(rf"\x1b\[{style}m([^\x1b]*)\x1b", text)
    assert sentence is not None
    assert sentence[1].endswith(f"{bounds[0]:+.1%} to {bounds[1]:+.1%}): {words}.")
    assert "95 % interval" in text


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_a_leaderboard_fits_and_keeps_the_run_ids_if_there_is_room(width: int) -> None:
    found = board(12, 2, objectives=2)
    console = Console(file=io.StringIO(), width=width)
    console.print(leaderboard_table(found, "°C", width, trials=9))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert all(name in " ".join(text.split()) for name in ("MAE °C", "fresh seeds", "front"))
    assert (found[0].run_id in text) == (width >= 100)
    assert lines[-1] == "… and 3 more trials"


def test_columns_are_dropped_in_order() -> None:
    columns = [
        Column("name", ["x" * 30], least=10),
        Column("first", ["1" * 10], dropped_at=0),
        Column("second", ["2" * 10], dropped_at=1),
        Column("stays", ["3"]),
    ]
    least = 10 + 10 + 10 + 5 + 3 * 2
    for width, headings in (
        (99, ["name", "first", "second", "stays"]),
        (least, ["name", "first", "second", "stays"]),
        (least - 1, ["name", "second", "stays"]),
        (least - 1 - 12, ["name", "stays"]),
        (5, ["name", "stays"]),
    ):
        made = fitted_table(columns, width)
        assert [column.header for column in made.columns] == headings
    assert fitted_table(columns, 50).columns[0].width == 10 + 50 - least
