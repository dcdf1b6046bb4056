"""One trial by itself: a plan goes in, a result comes out, whatever happens in between."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from datasets.transform import calendar_features
from search.config.dotted import with_values
from search.config.schema import from_plain
from search.config.validation import validated
from search.trial.data import (
    folds_of,
    load_series,
    visible,
)
from search.trial.result import Result
from search.trial.trial import (
    Plan,
    Progress,
    run_trial,
)

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(scope="module")
def configs(composed: Callable[..., Any], short: tuple[str, ...], odd: tuple[str, ...]) -> Any:
    return {
        "odd": validated(composed(*odd, *short)),
        "dense": validated(composed("model=dense", *short)),
    }


@pytest.fixture
def plan(configs: Any) -> Callable[..., Plan]:
    """Makes the plan of a trial: `model` and values of the configuration."""

    def made(model: str, values: dict[str, Any] | None = None, *, prunable: bool = True) -> Plan:
        config = configs[model]
        return Plan(
            number=3,
            config=with_values(config.plain(), values or {}),
            point=values or {},
            seed=11,
            digest=load_series(config.dataset).digest,
            baselines=(("persistence", np.zeros((30, 1))),),
            baseline_mae=2.0,
            prunable=prunable,
            title="trial",
        )

    return made


def silent(progress: Progress) -> None:
    return None


def test_a_result_has_every_epoch_and_the_forecasts(plan: Callable[..., Plan]) -> None:
    told: list[Progress] = []
    result = run_trial(plan("dense", {"training.epochs": 3}), told.append)
    assert (result.state, result.reason, result.trace) == ("complete", "", "")
    assert [(p.number, p.step, p.steps) for p in told] == [(3, 0, 3), (3, 1, 3), (3, 2, 3)]
    (execution,) = result.executions
    assert [epoch.score for epoch in execution.curve] == [p.score for p in told]
    assert execution.forecast.shape == execution.actual.shape == (30, 1)
    metrics = result.metrics(2.0)
    mae = np.abs(execution.forecast - execution.actual).mean()
    assert metrics["validation/mae"] == pytest.approx(mae)
    assert metrics["validation/mae"] == pytest.approx(told[-1].score)
    assert metrics["validation/skill"] == pytest.approx(1 - mae / 2)
    assert metrics["epochs"] == 3


@pytest.mark.parametrize(
    "levers",
    [
        {"task.horizon": 3},
        {"transform.scaler": "minmax", "transform.calendar": 2, "model.skip": True},
        {"transform.relative": True, "transform.difference": True, "transform.calendar": 1},
        {"transform.difference": True, "transform.seasonal_difference": True},
        {
            "transform.seasonal_difference": True,
            "transform.scaler": "robust",
            "transform.calendar": 1,
            "task.horizon": 26,  # reaches into the second season
        },
    ],
    ids=lambda levers: " ".join(name.rpartition(".")[2] for name in levers),
)
def test_the_saved_net_forecasts_from_readings_as_they_are(
    plan: Callable[..., Plan], configs: Any, tmp_path: Any, levers: dict[str, Any]
) -> None:
    """Every lever of the transform is inside the file; only calendar terms are passed beside."""
    import keras

    made = plan("dense", {"training.epochs": 2, **levers})
    result = run_trial(made, silent)
    assert result.reason == ""
    (tmp_path / "net.keras").write_bytes(result.model)
    net = keras.saving.load_model(tmp_path / "net.keras", safe_mode=True)
    config = from_plain(made.config)
    seen = visible(load_series(config.dataset), config.task)
    (fold,) = folds_of(load_series(config.dataset), config.task)
    origins = np.arange(fold.train_stop - 1, fold.validation_stop - config.task.horizon)
    rows = config.task.window_size
    terms = calendar_features(seen.timestamps, config.transform.calendar)
    back = rows + (seen.season if config.transform.seasonal_difference else 0)
    inputs = {"readings": np.stack([seen.values[o + 1 - back : o + 1] for o in origins])}
    if terms.size:
        inputs["calendar"] = np.stack([terms[o + 1 - rows : o + 1] for o in origins])
    forecast = net.predict_on_batch(inputs)
    assert forecast == pytest.approx(result.executions[0].forecast, rel=1e-4, abs=1e-3)


def test_the_same_plan_gives_the_same_bits(plan: Callable[..., Plan]) -> None:
    first, second = (run_trial(plan("dense", {"training.epochs": 2}), silent) for _ in range(2))
    other = run_trial(replace(plan("dense", {"training.epochs": 2}), seed=12), silent)
    assert np.array_equal(first.executions[0].forecast, second.executions[0].forecast)
    assert first.executions[0].curve == second.executions[0].curve
    assert not np.array_equal(first.executions[0].forecast, other.executions[0].forecast)


def test_steps_go_on_over_folds_and_executions(plan: Callable[..., Plan]) -> None:
    told: list[Progress] = []
    values = {"task.folds": 2, "study.executions": 2, "training.epochs": 2}
    result = run_trial(plan("dense", values), told.append)
    assert [(p.step, p.steps) for p in told] == [(step, 8) for step in range(8)]
    assert [(e.fold, e.execution) for e in result.executions] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    finals = [execution.curve[-1].score for execution in result.executions]
    assert told[-1].score == pytest.approx(np.mean(finals))
    assert result.metrics(1.0)["validation/mae"] == pytest.approx(np.mean(finals))
    assert result.shown is result.executions[2]


@pytest.mark.parametrize("stop", [0, 1, 4])
def test_a_trial_that_is_told_to_stop_is_pruned_there(plan: Callable[..., Plan], stop: int) -> None:
    values = {"study.executions": 2, "training.epochs": 3}
    scores: list[float] = []

    def report(progress: Progress) -> int | None:
        scores.append(progress.score)
        return progress.step if progress.step == stop else None

    result = run_trial(plan("dense", values), report)
    assert (result.state, result.reason) == ("pruned", f"after epoch {stop + 1}")
    assert result.epochs == len(scores) == stop + 1
    assert result.metrics(1.0)["validation/mae"] == pytest.approx(scores[-1])
    assert result.model != b""


def test_a_late_word_to_stop_takes_back_what_was_trained_since(plan: Callable[..., Plan]) -> None:
    scores: list[float] = []
    whole = run_trial(plan("dense", {"training.epochs": 4}), lambda p: scores.append(p.score))
    result = whole.pruned_at(1, model=b"")  # the net has gone further
    assert (result.state, result.reason, result.epochs) == ("pruned", "after epoch 2", 2)
    assert result.metrics(1.0)["validation/mae"] == pytest.approx(scores[1])
    assert result.model == b""


def test_a_word_to_stop_that_comes_epochs_later_leaves_the_net_of_its_epoch(
    plan: Callable[..., Plan], tmp_path: Any
) -> None:
    import keras

    def report(progress: Progress) -> int | None:
        return 1 if progress.step == 3 else None

    result = run_trial(plan("dense", {"training.epochs": 6}), report)
    assert (result.state, result.epochs) == ("pruned", 2)
    (tmp_path / "net.keras").write_bytes(result.model)
    net = keras.saving.load_model(tmp_path / "net.keras")
    config = from_plain(plan("dense").config)
    seen = visible(load_series(config.dataset), config.task)
    last = seen.values[-1 - config.task.window_size : -1][None]
    forecast = float(np.asarray(net({"readings": last}))[0, 0])
    assert forecast == pytest.approx(result.executions[0].forecast[-1, 0], rel=1e-4)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"model.kind": "raises"}, "RuntimeError: no net today"),
        ({"model.kind": "memory"}, "out of memory: too many weights"),
        ({"model.kind": "undefined"}, "the loss became nan in epoch 1"),
        ({"model.kind": "explodes", "training.epochs": 3}, "the loss became inf in epoch 2"),
    ],
)
def test_what_goes_wrong_is_a_state_with_a_reason(
    plan: Callable[..., Plan], values: dict[str, Any], reason: str
) -> None:
    result = run_trial(plan("odd", values), silent)
    assert (result.state, result.reason) == ("failed", reason)
    assert result.trace.startswith("Traceback")
    assert not any(name.startswith("validation/") for name in result.metrics(1.0))
    assert result.model == b""
    assert result.epochs == (1 if values["model.kind"] == "explodes" else 0)


def test_another_series_than_the_studys_is_refused(plan: Callable[..., Plan]) -> None:
    result: Result = run_trial(replace(plan("dense"), digest="0" * 64), silent)
    assert result.state == "failed"
    assert "digest differs" in result.reason
