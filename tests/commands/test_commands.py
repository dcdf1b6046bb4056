"""The commands that show the content of the store."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
import pytest


@pytest.fixture(scope="module")
def held(
    program_in: Callable[[Path], Any],
    tmp_path_factory: pytest.TempPathFactory,
    eagerly: Callable[[], Any],
    short: tuple[str, ...],
    odd: tuple[str, ...],
) -> Any:
    """A store with two studies: `early` has three trials, one of them failed; `late` has one."""
    program = program_in(tmp_path_factory.mktemp("held") / "here")
    levels = "space.model.level=[5.0,1.0]"
    with eagerly():
        for name, trials, space in (
            ("early", 3, (levels, "space.model.kind=[level,raises]")),
            ("late", 1, (levels,)),
        ):
            done = program(
                "sweep", *odd, *short, *space, f"study.name={name}", f"study.trials={trials}"
            )
            assert done.status == 0, done.err
    return program


def trials_in(table: str) -> list[str]:
    return re.findall(r"  trial \d · ", table)


def test_studies_lists_the_latest_study_first(held: Any) -> None:
    done = held("studies")
    assert done.status == 0
    rows = [line for line in done.out.splitlines() if "early" in line or "late" in line]
    assert [row.split()[0] for row in rows] == ["late", "early"]
    assert "BASELINE" in done.out


def test_leaderboard_shows_the_latest_or_the_named_study(held: Any) -> None:
    latest, early = held("leaderboard"), held("leaderboard", "early")
    assert (latest.status, early.status) == (0, 0)
    assert latest.out.startswith("late\n")
    assert early.out.startswith("early\n")
    assert early.out == held("leaderboard", "early", "--top", "3").out
    assert "RuntimeError: no model today" in early.out
    assert len(trials_in(early.out)) == 3
    assert len(trials_in(held("leaderboard", "early", "--top", "1").out)) == 1


def test_leaderboard_json_has_all_rows_best_first(held: Any) -> None:
    done = held("leaderboard", "early", "--json")
    top = json.loads(held("leaderboard", "early", "--json", "--top", "1").out)["rows"]
    board = json.loads(done.out)
    assert [row for row in top if row["kind"] == "trial"] == [
        next(row for row in board["rows"] if row["kind"] == "trial")
    ]
    assert set(board) == {"study", "run_id", "unit", "verdict", "summary", "importance", "rows"}
    assert board["study"] == "early"
    assert board["run_id"] == held.study("early").info.run_id
    scored = [row for row in board["rows"] if row["rank"] is not None]
    assert [row["rank"] for row in scored] == list(range(1, len(scored) + 1))
    maes = [row["validation/mae"] for row in scored]
    assert maes == sorted(maes)
    trials = [row for row in board["rows"] if row["kind"] == "trial"]
    assert [row["state"] for row in trials] == ["complete", "complete", "failed"]
    assert {row["params"]["model.level"] for row in trials} == {"5.0", "1.0"}
    stored = {run.info.run_id: run for run in held.trials("early")}
    for row in trials[:2]:
        metrics = stored[row["run_id"]].data.metrics
        assert row["validation/mae"] == metrics["validation/mae"]
        assert row["validation/skill"] == metrics["validation/skill"]
    assert trials[-1]["reason"] == "RuntimeError: no model today"


def test_mlflow_tracking_uri_selects_the_store(
    held: Any, program_in: Callable[[Path], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = program_in(tmp_path / "elsewhere")
    assert "early" not in elsewhere("studies").out
    monkeypatch.setenv("MLFLOW_TRACKING_URI", held.uri)
    assert "early" in elsewhere("studies").out


@pytest.mark.parametrize("command", ["studies", "leaderboard", "ui"])
def test_a_missing_store_is_not_created(command: str, sweepcast: Any) -> None:
    store = sweepcast.folder / "mlruns/mlflow.db"
    store.unlink()
    done = sweepcast(command)
    assert done.status == 2
    assert "there is no store" in done.err
    assert not store.exists()


@pytest.mark.parametrize("command", ["leaderboard", "ui"])
def test_an_unknown_study_suggests_the_nearest_name(command: str, held: Any) -> None:
    done = held(command, "eary")
    assert done.status == 2
    assert "did you mean 'early'?" in done.err


def test_ui_serves_the_store_on_the_loopback_address_until_ctrl_c(
    held: Any, interrupted: Callable[..., tuple[int, str]]
) -> None:
    process = held.start("ui", "--no-browser", "--port", "0")
    assert process.stdout is not None
    printed = ""
    while "http://" not in printed:
        line = process.stdout.readline()
        assert line, f"the server exited early:\n{printed}"
        printed += line
    assert len(psutil.Process(process.pid).children(recursive=True)) == 1
    address = re.search(r"http://127\.0\.0\.1:\d+", printed)
    assert address is not None, printed
    with urlopen(address[0], timeout=30) as page:
        assert page.status == 200
        assert "<title>MLflow" in page.read().decode()
    study = held.study("early").info
    asked = Request(
        f"{address[0]}/api/2.0/mlflow/runs/search",
        data=json.dumps(
            {
                "experiment_ids": [study.experiment_id],
                "filter": "tags.`sweepcast.study` = 'early' and tags.`sweepcast.kind` = 'trial'",
            }
        ).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urlopen(asked, timeout=30) as answer:
        found = {run["info"]["run_id"] for run in json.load(answer)["runs"]}
    assert found == {run.info.run_id for run in held.trials("early")}
    status, _ = interrupted(process)
    assert status == 0


def test_compare_shows_differing_settings_first(held: Any) -> None:
    trials = held.trials("early")
    first, second, failed = sorted(trials, key=lambda run: run.data.tags["sweepcast.state"])
    baseline = held.runs(kind="baseline", study="early")[0]
    ids = [run.info.run_id for run in (first, second)]
    done = held("compare", *ids)
    assert done.status == 0, done.err
    called = [run.info.run_name.partition(" · ")[0] for run in (first, second)]
    head, _, table = done.out.partition("─\n")
    assert head.split()[:4] == " ".join(called).split()
    rows = {cells[0]: cells[1:] for cells in map(str.split, table.splitlines()) if cells}
    assert next(iter(rows)) == "model.level"
    assert rows["model.level"] == [run.data.params["model.level"] for run in (first, second)]
    assert "training.epochs" not in rows
    assert rows["validation/mae"] == [
        f"{run.data.metrics['validation/mae']:.4g}" for run in (first, second)
    ]
    assert "settings are the same." in done.out
    assert done.out.splitlines()[-3:] == [
        "runs of early:",
        *(f"{run_id}  {name}" for run_id, name in zip(ids, called, strict=True)),
    ]
    shown = json.loads(held("compare", *ids, failed.info.run_id, "--json").out)
    assert [run["state"] for run in shown] == ["complete", "complete", "failed"]
    assert str(shown[0]["differing"]["model.level"]) == first.data.params["model.level"]
    assert held("compare", ids[0], baseline.info.run_id).status == 0
    assert "name at least two runs" in held("compare", ids[0]).err
    assert "there is no run 'x'" in held("compare", ids[0], "x").err
