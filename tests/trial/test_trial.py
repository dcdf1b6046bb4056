"""A single trial gives a result for any plan, even if it fails or is pruned."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from datasets.transform import calendar_features
from search.config.dotted import with_values
from search.config.schema import from_plain
from search.config.validation import validated
from search.trial.data import folds_of, load_series, visible
from search.trial.result import Result
from search.trial.trial import Plan, Progress, run_trial

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(scope="module")
def configs(composed: Callable[..., Any], short: tuple[str, ...], odd: tuple[str, ...]) -> Any:
    return {
        "odd": validated(composed(*odd, *short)),
        "dense": validated(composed("model=dense", *short)),
    }


@pytest.fixture
def plan(configs: Any) -> Callable[..., Plan]:
    """Returns a function that makes a plan from a model and values of the configuration."""

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


def test_a_result_contains_every_epoch_and_the_forecasts(plan: Callable[..., Plan]) -> None:
    reports: list[Progress] = []
    result = run_trial(plan("dense", {"training.epochs": 3}), reports.append)
    assert (result.state, result.reason, result.trace) == ("complete", "", "")
    assert [(p.number, p.step, p.steps) for p in reports] == [(3, 0, 3), (3, 1, 3), (3, 2, 3)]
    (execution,) = result.executions
    assert [epoch.score for epoch in execution.curve] == [p.score for p in reports]
    assert execution.forecast.shape == execution.actual.shape == (30, 1)
    metrics = result.metrics(2.0)
    mae = np.abs(execution.forecast - execution.actual).mean()
    assert metrics["validation/mae"] == pytest.approx(mae)
    assert metrics["validation/mae"] == pytest.approx(reports[-1].score)
    assert metrics["validation/skill"] == pytest.approx(1 - mae / 2)
    assert metrics["epochs"] == 3


@pytest.mark.parametrize(
    "values",
    [
        {"task.horizon": 3},
        {"transform.scaler": "minmax", "transform.calendar": 2, "model.skip": True},
        {
            "transform.relative": True,
            "transform.difference": True,
            "transform.calendar": 1,
            "model.skip": "ridge",
        },
        {"transform.difference": True, "transform.seasonal_difference": True},
        {
            "transform.seasonal_difference": True,
            "transform.scaler": "robust",
            "transform.calendar": 1,
            "task.horizon": 26,  # reaches into the second season
        },
    ],
    ids=lambda values: " ".join(name.rpartition(".")[2] for name in values),
)
def test_the_saved_model_forecasts_from_raw_readings(
    plan: Callable[..., Plan], configs: Any, tmp_path: Any, values: dict[str, Any]
) -> None:
    """The file contains the whole transform; only calendar terms are passed separately."""
    import keras

    made = plan("dense", {"training.epochs": 2, **values})
    result = run_trial(made, silent)
    assert result.reason == ""
    (tmp_path / "model.keras").write_bytes(result.model)
    model = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
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
    forecast = model.predict_on_batch(inputs)
    assert forecast == pytest.approx(result.executions[0].forecast, rel=1e-4, abs=1e-3)


def test_the_same_plan_gives_the_same_bits(plan: Callable[..., Plan]) -> None:
    first, second = (run_trial(plan("dense", {"training.epochs": 2}), silent) for _ in range(2))
    other = run_trial(replace(plan("dense", {"training.epochs": 2}), seed=12), silent)
    assert np.array_equal(first.executions[0].forecast, second.executions[0].forecast)
    assert first.executions[0].curve == second.executions[0].curve
    assert not np.array_equal(first.executions[0].forecast, other.executions[0].forecast)


def test_steps_are_counted_over_folds_and_executions(plan: Callable[..., Plan]) -> None:
    reports: list[Progress] = []
    values = {"task.folds": 2, "study.executions": 2, "training.epochs": 2}
    result = run_trial(plan("dense", values), reports.append)
    assert [(p.step, p.steps) for p in reports] == [(step, 8) for step in range(8)]
    assert [(e.fold, e.execution) for e in result.executions] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    finals = [execution.curve[-1].score for execution in result.executions]
    assert reports[-1].score == pytest.approx(np.mean(finals))
    assert result.metrics(1.0)["validation/mae"] == pytest.approx(np.mean(finals))
    assert result.shown is result.executions[2]


@pytest.mark.parametrize("stop", [0, 1, 4])
def test_a_trial_is_pruned_when_report_returns_a_step(plan: Callable[..., Plan], stop: int) -> None:
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


def test_pruning_a_finished_result_drops_the_later_epochs(plan: Callable[..., Plan]) -> None:
    scores: list[float] = []
    whole = run_trial(plan("dense", {"training.epochs": 4}), lambda p: scores.append(p.score))
    result = whole.pruned_at(1, model=b"")  # the model was trained further
    assert (result.state, result.reason, result.epochs) == ("pruned", "after epoch 2", 2)
    assert result.metrics(1.0)["validation/mae"] == pytest.approx(scores[1])
    assert result.model == b""


def test_a_trial_pruned_some_epochs_late_keeps_the_model_of_that_epoch(
    plan: Callable[..., Plan], tmp_path: Any
) -> None:
    import keras

    def report(progress: Progress) -> int | None:
        return 1 if progress.step == 3 else None

    result = run_trial(plan("dense", {"training.epochs": 6}), report)
    assert (result.state, result.epochs) == ("pruned", 2)
    (tmp_path / "model.keras").write_bytes(result.model)
    model = keras.saving.load_model(tmp_path / "model.keras")
    config = from_plain(plan("dense").config)
    seen = visible(load_series(config.dataset), config.task)
    last = seen.values[-1 - config.task.window_size : -1][None]
    forecast = float(np.asarray(model({"readings": last}))[0, 0])
    assert forecast == pytest.approx(result.executions[0].forecast[-1, 0], rel=1e-4)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"model.kind": "raises"}, "RuntimeError: no model today"),
        ({"model.kind": "memory"}, "out of memory: too many weights"),
        ({"model.kind": "undefined"}, "the loss became nan in epoch 1"),
        ({"model.kind": "explodes", "training.epochs": 3}, "the loss became inf in epoch 2"),
    ],
)
def test_an_error_gives_a_failed_result_with_a_reason(
    plan: Callable[..., Plan], values: dict[str, Any], reason: str
) -> None:
    result = run_trial(plan("odd", values), silent)
    assert (result.state, result.reason) == ("failed", reason)
    assert result.trace.startswith("Traceback")
    assert not any(name.startswith("validation/") for name in result.metrics(1.0))
    assert result.model == b""
    assert result.epochs == (1 if values["model.kind"] == "explodes" else 0)


def test_a_series_that_differs_from_the_studys_is_refused(plan: Callable[..., Plan]) -> None:
    result: Result = run_trial(replace(plan("dense"), digest="0" * 64), silent)
    assert result.state == "failed"
    assert "the data differ from the study's" in result.reason
