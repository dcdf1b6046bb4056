"""`sweepcast reproduce`: a run is retrained from the store, with identical results."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

SPACE = (
    *("model=conv_recurrent", "space=[recurrent]", "space.model.recurrent.units=[2,3]"),
    *("space.model.recurrent.layers=1", "space.model.recurrent.dropout=[0.0,0.1]"),
    *("space.model.recurrent.recurrent_dropout=[0.0,0.1]", "model.conv.filters=2"),
    *("training.epochs=2", "task.window_size=5", "study.executions=2"),
    *("model.skip=ridge", "space.model.ridge_trainable=[false,true]"),
)


@pytest.fixture(scope="module")
def made(
    program_in: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory, short: Any
) -> Any:
    """A study on a parallel engine with two complete trials, a pruned one and a finalist."""
    program = program_in(tmp_path_factory.mktemp("made") / "here")
    done = program(
        *("sweep", *short, *SPACE, "engine=dask", "engine.workers=2", "study.trials=3"),
        *("pruner.n_startup_trials=1", "pruner.warmup=1", "study.finalists=1"),
        *("study.finalist_executions=2", "backend=keras_tuner", "tracking.models=none"),
    )
    assert done.status == 0, done.err
    return program


def copied(made: Any, folder: Path, program_in: Callable[[Path], Any]) -> Any:
    program = program_in(folder)
    shutil.rmtree(folder / "mlruns")
    shutil.copytree(made.folder / "mlruns", folder / "mlruns")
    return program


def test_every_trial_of_a_parallel_study_is_reproduced_exactly(made: Any) -> None:
    trials = [r for r in made.trials("short") if r.data.tags["sweepcast.state"] != "lost"]
    finalist = made.runs(kind="finalist")[0]
    assert {run.data.tags["sweepcast.state"] for run in trials} <= {"complete", "pruned"}
    for run in (*trials, finalist):
        done = made("reproduce", run.info.run_id)
        assert done.status == 0, done.out + done.err
        assert "Bit-for-bit identical" in done.out
        again = made.runs(kind="reproduction")[-1]
        assert again.data.tags["sweepcast.reproduces"] == run.info.run_id
        assert again.data.tags["mlflow.parentRunId"] == made.study("short").info.run_id
        for name in ("validation/mae", "loss", "val_mae"):
            assert again.data.metrics[name] == run.data.metrics[name]


def test_a_copy_of_the_store_is_enough(
    made: Any, program_in: Callable[[Path], Any], tmp_path: Path
) -> None:
    program = copied(made, tmp_path / "elsewhere", program_in)
    hidden = made.folder / "mlruns" / "hidden"
    (made.folder / "mlruns" / "artifacts").rename(hidden)
    try:
        done = program("reproduce", "short:best")
    finally:
        hidden.rename(made.folder / "mlruns" / "artifacts")
    assert done.status == 0, done.out + done.err


def test_alterations_are_detected(
    made: Any, program_in: Callable[[Path], Any], tmp_path: Path
) -> None:
    """Alters one hyperparameter, one version and the series; the message names each change."""
    program = copied(made, tmp_path / "altered", program_in)
    best = made.study("short").data.tags["sweepcast.best"]
    (folder,) = (program.folder / "mlruns/artifacts").glob(f"**/{best}/artifacts")
    original = (folder / "config.yaml").read_text("utf-8")
    config = yaml.safe_load(original)
    text = (folder / "environment.json").read_text("utf-8")
    (folder / "environment.json").write_text(text.replace('"python": "3.', '"python": "2.'))
    config["training"]["learning_rate"] *= 1.001
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    done = program("reproduce", best)
    assert (done.status, "config.yaml of run" in done.err) == (2, True)
    assert "training.learning_rate is 0.00100" in done.err
    (folder / "config.yaml").write_text(original)
    done = program("reproduce", best)
    assert (done.status, "DIFFERS" in done.out) == (1, True)
    assert "differs: python was '2." in done.out
    assert "is bit-for-bit identical, but the environment has changed: python was '2." in done.out
    assert program("reproduce", best, "--tolerance", "1e-9").status == 0

    config = yaml.safe_load(original)
    config["dataset"]["seed"] += 1
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    done = program("reproduce", best)
    assert (done.status, "the series of run" in done.err) == (2, True)

    config = yaml.safe_load(original)
    config["model"]["_target_"] = "os.system"
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    done = program("reproduce", best)
    assert (done.status, "--trust os" in done.err) == (2, True)

    (folder / "config.yaml").write_text(original)
    (folder / "predictions.csv").unlink()
    done = program("reproduce", best)
    assert (done.status, "has no predictions.csv" in done.err) == (2, True)
    (folder / "config.yaml").unlink()
    assert "has no config.yaml" in program("reproduce", best).err


def test_a_run_that_cannot_be_reproduced_is_reported(made: Any) -> None:
    baseline = made.runs(kind="baseline")[0].info.run_id
    assert "is of kind baseline" in made("reproduce", baseline).err
    assert "there is no run 'x'" in made("reproduce", "x").err
    assert "--tolerance is -1" in made("reproduce", "x", "--tolerance=-1").err


@pytest.mark.long
@pytest.mark.parametrize("executions", [1, 2])
@pytest.mark.parametrize("backend", ["optuna_random", "keras_tuner"])
def test_random_trials_of_both_backends_are_reproduced_exactly(
    sweepcast: Any, short: tuple[str, ...], backend: str, executions: int
) -> None:
    """Twenty trials on two workers, with every cell, dropout, direction and optimizer."""
    done = sweepcast(
        *("sweep", *short, "model=conv_recurrent", "space=[recurrent,dropout,window]"),
        *("space.model.recurrent.layers=1", "space.model.recurrent.units=[3,5]"),
        *("space.model.recurrent.bidirectional=[false,true]", "space.task.window_size=[6,9]"),
        *("space.model.recurrent.cell=[simple_rnn,gru,lstm]", "model.conv.filters=3"),
        *("training.epochs=3", "training.batch_size=64", f"study.executions={executions}"),
        *("engine=dask", "engine.workers=2", f"backend={backend}", "study.trials=5"),
    )
    assert done.status == 0, done.err
    trials = sweepcast.trials("short")
    assert len(trials) == 5
    for run in trials:
        done = sweepcast("--quiet", "reproduce", run.info.run_id)
        assert done.status == 0, done.out + done.err
        assert "Bit-for-bit identical" in done.out
