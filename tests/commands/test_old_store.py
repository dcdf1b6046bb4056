"""A store, a registered model and configurations written by an earlier version still work.

tests/stores/2026-11.tar.xz was written on 2026-11-28 by the commit before the packages of `search`
got their present layout. It holds two studies of daily maximum temperatures in Seattle: `before`
(three trials, a finalist, an evaluation, a champion) and `before-hyperband` (Keras Tuner's
Hyperband, whose trials continue each other). Beside it lie the outputs of that version:
leaderboard.json, and forecast.csv for history.csv.
"""

import json
import sqlite3
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

ARCHIVE = Path(__file__).resolve().parents[1] / "stores" / "2026-11.tar.xz"
WRITTEN_IN = "/store"
# Builders that configurations of earlier versions name.
TARGETS = (
    *("datasets.cet.cet", "datasets.csv.csv", "datasets.giss.giss", "datasets.seattle.seattle"),
    *("datasets.synthetic.synthetic", "models.forecaster.forecaster"),
    *("search.backends.grid.grid", "search.backends.optuna.tpe", "search.backends.optuna.random"),
    *("search.backends.optuna.qmc", "search.backends.keras_tuner.random"),
    *("search.backends.keras_tuner.bayesian", "search.backends.keras_tuner.hyperband"),
    *("search.pruners.none", "search.pruners.median", "search.pruners.percentile"),
    *("search.pruners.successive_halving", "search.pruners.hyperband", "search.pruners.patient"),
    "search.pruners.threshold",
)
STUDY = (
    *("dataset=seattle", "tracking.figures=none", "engine=inline", "training.epochs=3"),
    *("study.finalists=1", "study.finalist_executions=2"),
)
CONV = (
    *("study.name=before", "model=conv_recurrent", "space=[conv1d,recurrent,window,dropout]"),
    *("space.model.conv.filters=[4,8]", "space.model.conv.strides=1"),
    *("space.model.recurrent.units=[4,8]", "space.task.window_size=[7,14]"),
)


def placed(folder: Path) -> Path:
    """Unpacks the archive, as if the store had been written in `folder`."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    database = sqlite3.connect(folder / "mlruns/mlflow.db")
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master")]
    for table in tables:  # the addresses in a store are absolute
        for _, column, kind, *_ in database.execute(f"PRAGMA table_info({table})").fetchall():
            if kind.startswith(("VARCHAR", "TEXT")):
                database.execute(
                    f"UPDATE {table} SET {column} = replace({column}, ?, ?) "
                    f"WHERE {column} LIKE '%{WRITTEN_IN}/mlruns%'",
                    (f"{WRITTEN_IN}/mlruns", f"{folder}/mlruns"),
                )
    database.commit()
    database.close()
    return folder


@pytest.fixture(scope="module")
def old(program_in: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The program in a folder with the old store; the tests of this file share it, in order."""
    program = program_in(tmp_path_factory.mktemp("old") / "here")
    placed(program.folder)
    return program


@pytest.mark.parametrize("target", TARGETS)
def test_a_builder_that_old_configurations_name_resolves(target: str) -> None:
    from search.config.signatures import builder_of

    assert callable(builder_of("any", {"_target_": target}))


def test_the_leaderboard_is_unchanged(old: Any) -> None:
    then = json.loads((old.folder / "leaderboard.json").read_text("utf-8"))
    now = json.loads(old("leaderboard", "before", "--json").out)
    added = {"verdict"}  # by later versions
    assert [{k: v for k, v in row.items() if k not in added} for row in now["rows"]] == then["rows"]
    assert now["importance"] == then["importance"]
    assert old("studies").status == 0


@pytest.mark.parametrize("run", ["before:best", "before-hyperband:best"])
def test_a_run_is_reproduced_bit_for_bit(old: Any, run: str) -> None:
    done = old("reproduce", run)
    different = [line for line in done.out.splitlines() if line.startswith("differs: ")]
    elsewhere = [line for line in different if "commit" not in line and "platform" not in line]
    if elsewhere:  # other versions or another processor: the figures alone can be compared
        done = old("reproduce", run, "--tolerance", "1e-3")
        assert done.status == 0, done.out
        return
    assert done.status == 0, done.out
    assert "Bit-for-bit identical" in done.out


def test_a_study_is_resumed(old: Any) -> None:
    assert old("sweep", *STUDY, *CONV, "study.trials=3").status == 0
    assert len(old.trials("before")) == 3, "the budget was met already"
    assert old("sweep", *STUDY, *CONV, "study.trials=4", "study.finalists=0").status == 0
    numbers = [run.data.tags["sweepcast.trial"] for run in old.trials("before")]
    assert numbers == ["0", "1", "2", "3"]


def test_a_trial_is_evaluated_and_promoted(old: Any) -> None:
    reads = int(
        json.loads(old("evaluate", "before:best", "--seeds", "1", "--json").out)["test_reads"]
    )
    assert reads == 3, "the old version had read the block twice"
    done = old("promote", "before:best", "--seeds", "1", "--force")
    assert done.status == 0, done.err
    assert "version 2" in done.out


def test_the_registered_model_gives_the_same_forecasts(old: Any) -> None:
    done = old(
        *("forecast", "models:/sweepcast-seattle/1", "--history", "history.csv"),
        *("--output", "again.csv"),
    )
    assert done.status == 0, done.err
    then, now = (pd.read_csv(old.folder / name) for name in ("forecast.csv", "again.csv"))
    pd.testing.assert_frame_equal(now, then, rtol=1e-5)
