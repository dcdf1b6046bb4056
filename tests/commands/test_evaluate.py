"""`sweepcast evaluate`: scores on the test block with fresh seeds; every read is counted."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.seeds import EVALUATION, derived

pytestmark = pytest.mark.usefixtures("eager")


def write(path: Path, values: Any) -> Path:
    days = np.datetime64("2020-01-01") + np.arange(len(values))
    rows = [f"{day},{value:.3f}" for day, value in zip(days, values, strict=True)]
    path.write_text("day,level\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture
def command(tmp_path: Path) -> tuple[str, ...]:
    """The command of a study of two dense models on a file of 120 days."""
    values = np.random.default_rng(3).normal(size=120).cumsum()
    return (
        *("sweep", "dataset=csv", f"dataset.source={write(tmp_path / 'level.csv', values)}"),
        *("task.validation=30", "task.test=20", "task.window_size=8", "task.season=7"),
        *("model=dense", "space=[]", "space.model.dense.units=[2,3]", "backend=optuna_grid"),
        *("training.epochs=2", "engine=inline", "tracking.figures=none", "study.name=levels"),
        *("study.finalists=2", "study.finalist_executions=1"),
    )


def test_it_scores_the_test_block_and_counts_the_reads(
    sweepcast: Any, command: tuple[str, ...]
) -> None:
    assert sweepcast(*command).status == 0
    before = sweepcast.study("levels").data.tags["sweepcast.best"]
    done = sweepcast("evaluate", "levels:best", "--seeds", "2")
    assert done.status == 0, done.err
    assert "Test block: 2020-04-10 to 2020-04-29, 20 steps; read once in this store." in done.out
    again = json.loads(sweepcast("evaluate", before, "--seeds", "2", "--json").out)
    first, second = sweepcast.runs(kind="evaluation", study="levels")
    assert [run.data.tags["sweepcast.test_reads"] for run in (first, second)] == ["1", "2"]
    assert again["test_reads"] == 2
    metrics = dict(first.data.metrics)
    number = int(first.data.tags["sweepcast.trial"])
    assert first.data.tags["sweepcast.evaluates"] == before
    assert first.data.tags["mlflow.parentRunId"] == sweepcast.study("levels").info.run_id
    assert int(first.data.params["seed"]) == derived(42, number, EVALUATION)
    assert not [name for name in metrics if "validation" in name or name.startswith("val_")]
    assert metrics["test/skill_low"] <= metrics["test/skill"] <= metrics["test/skill_high"]
    assert {f"test/{n}" for n in ("mae", "rmse", "smape", "mase", "mae_std")} <= set(metrics)
    # The same seeds give the same scores: a second read shows nothing new.
    assert second.data.metrics["test/mae"] == metrics["test/mae"]
    baselines = {n: v for n, v in metrics.items() if n.startswith("test/baseline/")}
    assert len(baselines) >= 5
    validated = {
        run.data.tags["sweepcast.baseline"]: run.data.metrics["validation/mae"]
        for run in sweepcast.runs(kind="baseline", study="levels")
    }
    to_beat = baselines[f"test/baseline/{min(validated, key=lambda n: validated[n])}/mae"]
    assert metrics["test/skill"] == pytest.approx(1 - metrics["test/mae"] / to_beat)
    with sweepcast.path(first, "predictions.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [table[0]["timestamp"], table[-1]["timestamp"]] == [
        "2020-04-10T00:00:00",
        "2020-04-29T00:00:00",
    ]


def test_training_never_uses_the_test_block(
    program_in: Callable[[Path], Any], tmp_path: Path, command: tuple[str, ...]
) -> None:
    """For two series that differ only in the test block, the first forecast is the same."""
    values = np.random.default_rng(3).normal(size=120).cumsum()
    first_forecasts = []
    for name, last in (("clean", values[-20:]), ("poisoned", np.full(20, 1e6))):
        source = write(tmp_path / f"{name}.csv", np.concatenate([values[:-20], last]))
        program = program_in(tmp_path / name)
        done = program(*command, f"dataset.source={source}", "training.patience=1")
        assert done.status == 0, done.err
        assert program("evaluate", "levels:best", "--seeds", "1").status == 0
        (run,) = program.runs(kind="evaluation")
        with program.path(run, "predictions.csv").open(newline="") as file:
            first_forecasts.append(next(csv.DictReader(file))["forecast"])
    assert first_forecasts[0] == first_forecasts[1]


def test_a_repeated_point_is_evaluated_as_its_original_trial(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...]
) -> None:
    done = sweepcast(
        *("sweep", *odd, *short, "backend=optuna_qmc", "study.trials=9"),
        "space.model.level=[" + ",".join(f"{level}.0" for level in range(10)) + "]",
    )
    assert done.status == 0, done.err
    twin = next(r for r in sweepcast.trials("short") if "sweepcast.duplicate_of" in r.data.tags)
    # The model comes from another package, which has to be trusted.
    assert sweepcast("evaluate", twin.info.run_id, "--seeds", "1").status == 2
    done = sweepcast("evaluate", twin.info.run_id, "--seeds", "1", "--trust", "odd_nets")
    assert done.status == 0, done.err
    (run,) = sweepcast.runs(kind="evaluation")
    assert run.data.tags["sweepcast.trial"] == twin.data.tags["sweepcast.duplicate_of"]


def test_a_run_that_cannot_be_evaluated_is_reported(
    sweepcast: Any, command: tuple[str, ...], tmp_path: Path
) -> None:
    assert sweepcast(*command).status == 0
    before = len(sweepcast.runs())
    baseline = sweepcast.runs(kind="baseline")[0].info.run_id
    trial = sweepcast.trials("levels")[0].info.run_id
    assert "there is no study 'level'" in (sweepcast("evaluate", "level:best").err)
    assert "there is no run 'x'" in sweepcast("evaluate", "x").err
    assert "is of kind baseline" in sweepcast("evaluate", baseline).err
    assert "--seeds is 0" in sweepcast("evaluate", trial, "--seeds", "0").err
    write(tmp_path / "level.csv", np.zeros(120))
    from search.trial.data import _load

    _load.cache_clear()  # another process would read the file again
    done = sweepcast("evaluate", trial)
    assert (done.status, len(done.err.splitlines())) == (2, 2)
    assert "has changed since" in done.err
    assert len(sweepcast.runs()) == before


def test_a_study_without_a_test_block_cannot_be_evaluated(
    sweepcast: Any, command: tuple[str, ...]
) -> None:
    assert sweepcast(*command, "task.test=0").status == 0
    done = sweepcast("evaluate", "levels:best")
    assert done.status == 2
    assert "has no test block" in done.err
