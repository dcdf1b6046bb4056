"""The ensemble of a study, from the sweep to the served model."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest

STUDY = (
    *("model=dense", "space=[]", "++space.model.dense.units=[3,4,5]", "model.skip=ridge"),
    *("model.dense.layers=1", "study.ensemble=auto", "baselines=theta", "task.folds=2"),
    *("study.trials=3", "study.finalists=1", "study.finalist_executions=2"),
)


def series(path: Path, steps: int = 200) -> Path:
    days = np.datetime64("2020-01-01") + np.arange(steps)
    noise = np.random.default_rng(4).normal(size=steps)
    values = 10 + 3 * np.sin(2 * np.pi * np.arange(steps) / 7) + noise
    rows = [f"{day},{value:.6f}" for day, value in zip(days, values, strict=True)]
    path.write_text("day,level\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def made(
    program_in: Callable[[Path], Any],
    tmp_path_factory: pytest.TempPathFactory,
    short: tuple[str, ...],
) -> Any:
    program = program_in(tmp_path_factory.mktemp("ensemble") / "here")
    csv = series(program.folder / "level.csv")
    command = ("sweep", *short, *STUDY, "dataset=csv", f"dataset.source={csv}", "task.season=7")
    program.done = program(
        *[word for word in command if not word.startswith(("dataset.steps", "dataset.period"))]
    )
    assert program.done.status == 0, program.done.err
    return program


def ensemble(program: Any) -> Any:
    (run,) = program.runs(kind="ensemble", study="short")
    return run


def test_a_study_leaves_an_ensemble_with_its_scores_and_files(made: Any) -> None:
    run = ensemble(made)
    stored = json.loads(made.path(run, "ensemble.json").read_text())
    weights = [one["weight"] for one in stored["candidates"]]
    assert sum(weights) == pytest.approx(1)
    kinds = {one["kind"] for one in stored["candidates"]}
    assert kinds == {"baseline", "trial", "finalist"}
    assert len([one for one in stored["candidates"] if one["kind"] != "baseline"]) == 3
    metrics = run.data.metrics
    assert metrics["validation/mae"] == pytest.approx(stored["errors"][stored["rule"]])
    assert metrics["validation/skill_low"] <= metrics["validation/skill"]
    assert {"validation/fold_0/mae", "validation/fold_1/mae"} <= metrics.keys()
    table = pd.read_csv(made.path(run, "predictions.csv"))
    assert sorted(set(table["fold"])) == [0, 1]
    by_fold = (table["actual"] - table["forecast"]).abs().groupby(table["fold"]).mean()
    assert by_fold.mean() == pytest.approx(metrics["validation/mae"])
    assert made.path(run, "forecast.png").stat().st_size > 10_000
    assert "ensemble · " in made.done.out
    assert run.data.params["ensemble.rule"] == stored["rule"]


def test_the_leaderboard_ranks_the_ensemble(made: Any) -> None:
    found = json.loads(made("leaderboard", "--json").out)
    rows = [row for row in found["rows"] if row["kind"] == "ensemble"]
    assert len(rows) == 1
    assert rows[0]["verdict"] in ("better", "no clear difference", "worse")
    maes = [
        row["validation/mae"] for row in found["rows"] if row["kind"] in ("baseline", "ensemble")
    ]
    assert maes == sorted(maes)


def test_an_ensemble_is_evaluated_on_the_test_block(made: Any) -> None:
    done = made("evaluate", "short:ensemble", "--seeds", "2", "--json")
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert found["evaluates"] == ensemble(made).info.run_id
    assert found["trial"] is None
    run = next(r for r in made.runs(kind="evaluation") if r.info.run_id == found["run_id"])
    table = pd.read_csv(made.path(run, "predictions.csv"))
    assert len(table) == 20
    mae = (table["actual"] - table["forecast"]).abs().mean()
    assert found["metrics"]["test/mae"] == pytest.approx(mae)


def test_an_ensemble_can_be_compared(made: Any) -> None:
    trial = made.trials("short")[0].info.run_id
    done = made("compare", ensemble(made).info.run_id, trial)
    assert done.status == 0, done.err
    assert "ensemble.rule" in done.out


def test_an_ensemble_is_reproduced_exactly(made: Any) -> None:
    done = made("reproduce", "short:ensemble")
    assert done.status == 0, done.out + done.err
    assert "Bit-for-bit identical: ensemble" in done.out
    assert "forecasts of trials" in done.out
    assert "forecasts of baselines" in done.out
    again = made.runs(kind="reproduction")[-1]
    assert again.data.tags["sweepcast.reproduces"] == ensemble(made).info.run_id


@pytest.fixture
def altered(made: Any) -> Any:
    """Returns a function that changes ensemble.json until the end of the test."""
    path = made.path(ensemble(made), "ensemble.json")
    before = path.read_text()

    def change(edit: Callable[[dict[str, Any]], object]) -> None:
        stored = json.loads(before)
        edit(stored)
        path.write_text(json.dumps(stored))

    yield change
    path.write_text(before)


def test_altered_weights_are_found(made: Any, altered: Any) -> None:
    def shift(stored: dict[str, Any]) -> None:
        first, *_, last = stored["candidates"]
        used = next(one for one in stored["candidates"] if one["weight"] > 0.01)
        used["weight"] -= 0.01
        (last if used is first else first)["weight"] += 0.01

    altered(shift)
    done = made("reproduce", "short:ensemble")
    assert done.status == 1, done.out + done.err
    assert "DIFFERS" in done.out
    assert "weights" in done.out


@pytest.mark.parametrize(
    "edit",
    [
        lambda stored: stored["candidates"][0].update(weight=-1.0),
        lambda stored: stored["candidates"][0].update(weight="much"),
        lambda stored: stored["candidates"][0].update(kind="magic"),
        lambda stored: stored.pop("candidates"),
        lambda stored: stored.update(candidates=[]),
        lambda stored: stored.update(errors=7),
    ],
)
def test_a_damaged_ensemble_ends_in_one_message(made: Any, altered: Any, edit: Any) -> None:
    altered(edit)
    done = made("evaluate", "short:ensemble")
    assert done.status == 2
    assert "ensemble.json is damaged" in done.err
    assert "Traceback" not in done.err


def test_the_ensemble_is_promoted_served_and_forecasts_alike(made: Any) -> None:
    history = made.folder / "level.csv"
    done = made("promote", "short:ensemble", "--seeds", "2", "--force")
    assert done.status == 0, done.out + done.err
    assert "registered:  sweepcast-level version 1" in done.out
    output = made.folder / "forecast.csv"
    shown = made("forecast", "sweepcast-level", "--history", str(history), "--output", str(output))
    assert shown.status == 0, shown.err
    ours = pd.read_csv(output)
    assert (ours["lower_95"] <= ours["lower_80"]).all()
    assert (ours["lower_80"] <= ours["forecast"]).all()
    mlflow.set_tracking_uri(made.uri)
    try:
        served = mlflow.pyfunc.load_model("models:/sweepcast-level@champion")
    finally:
        mlflow.set_tracking_uri(None)
    table = pd.read_csv(history).rename(columns={"day": "timestamp"})
    table["timestamp"] = pd.to_datetime(table["timestamp"])
    assert served.predict(table)["forecast"].to_numpy() == pytest.approx(
        ours["forecast"].to_numpy(), abs=1e-12
    )
    champion = made.runs(kind="champion")[-1]
    assert champion.data.tags["sweepcast.model"] == "sweepcast-level/1"
    for name in ("short:ensemble", ensemble(made).info.run_id):  # as the study trained it
        again = made("forecast", name, "--history", str(history))
        assert again.status == 0, again.err


def test_a_study_without_an_ensemble_says_where_to_get_one(
    sweepcast: Any, short: tuple[str, ...], eager: None
) -> None:
    words = ("model=dense", "space=[]", "study.trials=1")
    assert sweepcast("sweep", *short, *words, "study.ensemble=none").status == 0
    assert sweepcast.runs(kind="ensemble") == []
    done = sweepcast("evaluate", "short:ensemble")
    assert done.status == 2
    assert "study.ensemble=auto" in done.err
    assert sweepcast("sweep", *short, *words, "study.ensemble=all").status == 2


def test_a_poisoned_test_block_changes_no_weight(
    made: Any, program_in: Callable[[Path], Any], tmp_path: Path, short: Any
) -> None:
    program = program_in(tmp_path / "poisoned")
    csv = series(program.folder / "level.csv")
    table = pd.read_csv(csv)
    table.loc[table.index[-20:], "level"] = 1e6
    table.to_csv(csv, index=False)
    command = ("sweep", *short, *STUDY, "dataset=csv", f"dataset.source={csv}", "task.season=7")
    done = program(
        *[word for word in command if not word.startswith(("dataset.steps", "dataset.period"))]
    )
    assert done.status == 0, done.err
    ours, theirs = (
        json.loads(one.path(ensemble(one), "ensemble.json").read_text()) for one in (made, program)
    )
    assert [one["weight"] for one in ours["candidates"]] == [
        one["weight"] for one in theirs["candidates"]
    ]
    assert ours["errors"] == theirs["errors"]


def test_the_stored_candidates_are_the_forecasts_of_the_runs(made: Any) -> None:
    run = ensemble(made)
    stored = json.loads(made.path(run, "ensemble.json").read_text())
    candidates = np.load(made.path(run, "candidates.npz"))
    for place, one in enumerate(stored["candidates"]):
        if one["kind"] == "baseline":
            continue
        content = made.path(made.client.get_run(one["run_id"]), "forecasts.npz").read_bytes()
        own = np.load(io.BytesIO(content))
        for fold in ("fold_0", "fold_1"):
            assert (own[fold] == candidates[fold][place]).all()
