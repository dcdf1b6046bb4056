"""`sweepcast train`: one trial with the configured values, logged like any other trial."""

from typing import Any

import pytest


def test_train_logs_one_trial_with_the_configured_values(
    sweepcast: Any, short: tuple[str, ...], eager: None
) -> None:
    done = sweepcast("train", *short, "model=dense", "training.loss=mae", "tracking.figures=all")
    assert done.status == 0, done.err
    (run,) = sweepcast.trials("short")
    assert (run.info.status, run.data.tags["sweepcast.state"]) == ("FINISHED", "complete")
    assert set(run.data.params) == {"seed"}
    assert sweepcast.files(run) == {
        *("config.yaml", "environment.json", "predictions.csv", "model.keras"),
        *("forecast.png", "learning_curve.png", "residuals.png"),
    }
    config = sweepcast.path(run, "config.yaml").read_text()
    assert "loss: mae" in config
    assert run.data.tags["mlflow.parentRunId"] == sweepcast.study("short").info.run_id
    assert sweepcast.runs(kind="baseline", study="short")
    assert run.info.run_id in done.out
    assert {path.name for path in sweepcast.folder.iterdir()} == {"mlruns"}


def test_repeating_a_train_command_does_nothing(
    sweepcast: Any, short: tuple[str, ...], eager: None
) -> None:
    for text in ("Budget used up", "Nothing left to do"):
        done = sweepcast("train", *short, "model=dense")
        assert done.status == 0, done.err
        assert text in done.out
    assert len(sweepcast.trials("short")) == 1


@pytest.mark.parametrize("kind", ["raises", "undefined"])
def test_a_failed_trial_is_logged_and_exits_with_status_1(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...], kind: str, eager: None
) -> None:
    done = sweepcast("train", *odd, *short, f"model.kind={kind}")
    assert done.status == 1
    (run,) = sweepcast.trials("short")
    assert (run.info.status, run.data.tags["sweepcast.state"]) == ("FAILED", "failed")
    assert run.data.tags["sweepcast.reason"] in done.out


def test_bad_input_logs_no_run(sweepcast: Any, short: tuple[str, ...]) -> None:
    done = sweepcast("train", *short, "model=dense", "training.epochs=0")
    assert done.status == 2
    assert done.err.startswith("training.epochs is 0")
    assert sweepcast.runs(kind="study") == []
