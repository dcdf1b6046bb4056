"""What a sweep stores if trials fail, are pruned or repeated, and what its scores mean.

The usual case is tested in contracts/test_backends.py, for every backend.
"""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.seeds import derived

pytestmark = pytest.mark.usefixtures("eager")
ALWAYS = {"config.yaml", "environment.json"}


def states(program: Any, study: str = "short") -> list[str]:
    return [run.data.tags["sweepcast.state"] for run in program.trials(study)]


def predictions(program: Any, run: Any) -> list[dict[str, str]]:
    with program.path(run, "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


# ---------------------------------------------------------------- failed and pruned trials


def test_failed_trials_store_a_reason_and_the_study_continues(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...]
) -> None:
    done = sweepcast(
        *("sweep", *odd, *short, "training.epochs=3", "study.trials=9", "tracking.figures=all"),
        "space.model.kind=[raises,memory,undefined,explodes,level]",
    )
    assert done.status == 0, done.err
    raises, memory, undefined, explodes, level = sweepcast.trials("short")
    reasons = [
        run.data.tags.get("sweepcast.reason") for run in (raises, memory, undefined, explodes)
    ]
    assert reasons == [
        "RuntimeError: no model today",
        "out of memory: too many weights",
        "the loss became nan in epoch 1",
        "the loss became inf in epoch 2",
    ]
    assert states(sweepcast) == ["failed"] * 4 + ["complete"]
    for run in (raises, memory, undefined, explodes):
        assert run.info.status == "FAILED"
        assert set(run.data.params) == {"model.kind", "seed"}
        assert not any(
            name.startswith("validation/") for name in run.data.metrics if name != "validation/mae"
        )
        assert run.data.metrics["duration_s"] > 0
        trace = sweepcast.path(run, "traceback.txt").read_text()
        assert trace.startswith("Traceback")
    for run in (raises, undefined):  # no epoch to plot
        assert sweepcast.files(run) == ALWAYS | {"traceback.txt"}
    assert "no model today" in sweepcast.path(raises, "traceback.txt").read_text()
    # The epochs before the failure are stored.
    assert [step for step, _ in sweepcast.curve(explodes, "val_loss")] == [0]
    assert explodes.data.metrics["epochs"] == 1
    assert sweepcast.files(explodes) == ALWAYS | {"traceback.txt", "learning_curve.png"}
    assert level.info.status == "FINISHED"
    assert sweepcast.study("short").data.tags["sweepcast.best"] == level.info.run_id
    assert "failed: RuntimeError: no model today" in done.out


def test_an_infeasible_point_fails_with_a_reason(sweepcast: Any, short: tuple[str, ...]) -> None:
    done = sweepcast(
        *("sweep", *short, "model=conv", "model.conv.filters=2", "space=[]", "study.trials=9"),
        *("task.window_size=4", "space.model.conv.strides=[1,9]", "backend=optuna_grid"),
    )
    assert done.status == 0, done.err
    assert states(sweepcast) == ["complete", "failed"]
    assert sweepcast.trials("short")[1].data.tags["sweepcast.reason"].startswith("infeasible: ")


def test_pruned_trials_store_their_scores_and_artifacts(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...]
) -> None:
    done = sweepcast(
        *("sweep", *odd, *short, "training.epochs=4", "study.trials=9", "tracking.figures=all"),
        *("pruner=median", "pruner.warmup=1", "pruner.n_startup_trials=2"),
        "space.model.level=[0.0,1.0,50.0]",
    )
    assert done.status == 0, done.err
    assert states(sweepcast) == ["complete", "complete", "pruned"]
    run = sweepcast.trials("short")[2]
    assert run.info.status == "FINISHED"
    assert run.data.tags["sweepcast.reason"] == "after epoch 2"
    assert run.data.params["model.level"] == "50.0"
    for name in ("loss", "mae", "val_loss", "val_mae", "validation/mae"):
        assert [step for step, _ in sweepcast.curve(run, name)] == [0, 1]
    assert run.data.metrics["epochs"] == 2
    assert {"validation/rmse", "validation/mase", "validation/skill"} <= set(run.data.metrics)
    assert sweepcast.files(run) == ALWAYS | {
        *("predictions.csv", "model.keras"),
        *("forecast.png", "learning_curve.png", "residuals.png"),
    }
    errors = [abs(float(r["actual"]) - float(r["forecast"])) for r in predictions(sweepcast, run)]
    assert np.mean(errors) == pytest.approx(run.data.metrics["validation/mae"])
    assert "pruned: after epoch 2" in done.out


def test_too_many_failures_in_a_row_end_the_study(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...]
) -> None:
    done = sweepcast(
        *("sweep", *odd, *short, "model.kind=raises", "study.trials=6", "study.max_failed=3"),
        "space.model.level=[1.0,2.0,3.0,4.0,5.0,6.0]",
    )
    assert done.status == 1
    assert "Ended after 3 failed trials in a row." in done.out
    assert states(sweepcast) == ["failed"] * 3
    assert sweepcast.study("short").info.status == "FAILED"


def test_without_a_completed_trial_the_exit_status_is_1(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...]
) -> None:
    command = ("sweep", *odd, *short, "space.model.kind=[undefined,raises]", "study.trials=2")
    for _ in ("first run", "nothing left to do"):
        done = sweepcast(*command)
        assert done.status == 1
        assert "No trial completed." in done.out
        assert states(sweepcast) == ["failed"] * 2


# ---------------------------------------------------------------- points


def test_a_repeated_point_of_a_larger_space_is_not_trained_again(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...]
) -> None:
    """A QMC sequence is used as it is: half of its points differ only in an inactive parameter."""
    done = sweepcast(
        *("sweep", *odd, *short, "backend=optuna_qmc", "study.trials=6"),
        "space.model.level=[1.0,2.0]",
        "space.training.learning_rate={low: 0.001, high: 0.01, when: {model.level: 1.0}}",
    )
    assert done.status == 0, done.err
    trials = sweepcast.trials("short")
    first: dict[str, Any] = {}
    for run in trials:
        params = {key: value for key, value in run.data.params.items() if key != "seed"}
        original = first.setdefault(str(sorted(params.items())), run)
        if original is run:
            continue
        assert run.data.tags["sweepcast.duplicate_of"] == original.data.tags["sweepcast.trial"]
        assert run.data.metrics["validation/mae"] == original.data.metrics["validation/mae"]
        assert run.data.metrics["epochs"] == 0
        assert sweepcast.files(run) == set()
    assert len(first) < len(trials) == 6


def test_a_sampler_is_asked_again_for_a_point_not_yet_tried(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...]
) -> None:
    """Of nine draws from ten values, only one seed in 300 repeats none by chance."""
    values = ",".join(f"{level}.0" for level in range(10))
    done = sweepcast(
        *("sweep", *odd, *short, "backend=optuna_random", "study.trials=9"),
        f"space.model.level=[{values}]",
    )
    assert done.status == 0, done.err
    assert len({run.data.params["model.level"] for run in sweepcast.trials("short")}) == 9


def test_the_same_seed_gives_the_same_trials_in_another_store(
    program_in: Callable[[Path], Any], tmp_path: Path, short: tuple[str, ...]
) -> None:
    command = (
        *("sweep", *short, "model=dense", "space=[dense,optimizer]", "study.trials=3"),
        *("space.training.batch_size=[64,128]", "backend=optuna_random"),
    )
    seen = []
    for name in ("one", "other"):
        program = program_in(tmp_path / name)
        assert program(*command).status == 0
        trials = program.trials("short")
        for run in trials:
            del run.data.metrics["duration_s"]
        seen.append([(r.data.params, r.data.metrics, predictions(program, r)) for r in trials])
    assert seen[0] == seen[1]


# ---------------------------------------------------------------- scores


def test_every_window_size_is_scored_on_the_same_targets(
    sweepcast: Any, short: tuple[str, ...]
) -> None:
    done = sweepcast(
        *("sweep", *short, "model=conv", "model.conv.filters=2", "model.dense.layers=0"),
        *("backend=optuna_grid", "space=[]", "space.task.window_size=[3,40]"),
        *("space.model.conv.strides=[1,3]", "study.trials=4", "task.horizon=2"),
    )
    assert done.status == 0, done.err
    targets = [
        [(row["timestamp"], row["actual"], row["step"], row["origin"]) for row in table]
        for table in (predictions(sweepcast, run) for run in sweepcast.trials("short"))
    ]
    assert len(targets) == 4
    assert len(targets[0]) == 2 * 29  # 29 origins whose two targets lie in the 30 steps
    assert all(table == targets[0] for table in targets)


def test_nothing_reads_the_test_block(
    sweepcast: Any, short: tuple[str, ...], tmp_path: Path
) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(120, 2)).cumsum(axis=0).round(3)
    days = np.datetime64("2020-01-01") + np.arange(120)
    poisoned = values.copy()
    poisoned[-20:] = 1e9
    seen = []
    for name, table in (("clean", values), ("poisoned", poisoned)):
        path = tmp_path / f"{name}.csv"
        rows = [f"{day},{a},{b}" for day, (a, b) in zip(days, table, strict=True)]
        path.write_text("day,level,other\n" + "\n".join(rows) + "\n")
        done = sweepcast(
            *("train", "dataset=csv", f"dataset.source={path}", "dataset.inputs=[other]"),
            *("task.validation=30", "task.test=20", "task.window_size=8", "task.season=7"),
            *("transform.calendar=1", "training.patience=1", "training.epochs=2"),
            *("model=dense", "engine=inline", "tracking.figures=none", f"study.name={name}"),
        )
        assert done.status == 0, done.err
        (run,) = sweepcast.trials(name)
        baselines = sweepcast.runs(kind="baseline", study=name)
        scores = [r.data.metrics for r in (run, *baselines)]
        del run.data.metrics["duration_s"]
        seen.append((scores, predictions(sweepcast, run)))
    assert seen[0] == seen[1]


def test_a_score_is_the_mean_over_folds_and_executions(
    sweepcast: Any, short: tuple[str, ...]
) -> None:
    done = sweepcast(
        *("sweep", *short, "model=dense", "space=[]", "study.trials=1"),
        *("task.folds=2", "study.executions=2", "training.epochs=2"),
    )
    assert done.status == 0, done.err
    (run,) = sweepcast.trials("short")
    names = [
        *("validation/mae", "fold_0/execution_0/validation/mae"),
        *("fold_0/execution_1/validation/mae", "fold_1/execution_1/validation/mae"),
    ]
    curves = [sweepcast.curve(run, name)[:2] for name in names]
    # The plain name has execution 0 of the last fold, followed by the mean of all executions.
    curves[0] = [
        point for point in sweepcast.curve(run, names[0]) if point[1] != run.data.metrics[names[0]]
    ]
    assert [[step for step, _ in curve] for curve in curves] == [[0, 1]] * 4
    finals = [curve[-1][1] for curve in curves]
    assert run.data.metrics["validation/mae"] == pytest.approx(np.mean(finals))
    assert run.data.metrics["validation/mae_std"] == pytest.approx(np.std(finals))
    assert run.data.metrics["epochs"] == 8
    assert int(run.data.params["seed"]) == derived(42, 0)


def test_a_study_that_does_not_beat_the_baselines_reports_this(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...]
) -> None:
    done = sweepcast("sweep", *odd, *short, "space.model.level=[7.0]", "study.trials=1")
    assert done.status == 0
    assert "NO TRIAL BEATS THE BASELINE" in done.out
    tags = sweepcast.study("short").data.tags
    assert "NO TRIAL BEATS THE BASELINE" in tags["mlflow.note.content"]


def test_only_trials_that_are_the_best_so_far_store_model_and_figures(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...]
) -> None:
    done = sweepcast(
        *("sweep", *odd, *short, "tracking.models=best", "tracking.figures=best"),
        *("space.model.level=[5.0,0.0,9.0]", "study.trials=3"),
    )
    assert done.status == 0, done.err
    kept = [
        sweepcast.files(run) & {"model.keras", "forecast.png"} for run in sweepcast.trials("short")
    ]
    assert [len(files) for files in kept] == [2, 2, 0]
