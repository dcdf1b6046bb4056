"""Every engine in conf/engine gives bit-identical results and leaves no process behind."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import conf
from search.config.dotted import with_values
from search.config.validation import validated
from search.engine import open_engine
from search.engine.base import Engine, Event
from search.trial.data import load_series
from search.trial.result import Result
from search.trial.trial import Plan, Progress, run_trial

ENGINES = sorted(path.stem for path in (Path(conf.__file__).parent / "engine").glob("*.yaml"))


@pytest.fixture(scope="module")
def config(composed: Callable[..., Any], short: tuple[str, ...]) -> Any:
    return validated(composed("model=dense", "model.dense.layers=1", *short))


@pytest.fixture(scope="module")
def plan(config: Any) -> Callable[..., Plan]:
    def made(number: int, epochs: int) -> Plan:
        return Plan(
            number=number,
            config=with_values(config.plain(), {"training.epochs": epochs}),
            point={},
            seed=number,
            digest=load_series(config.dataset).digest,
            baselines=(("persistence", np.zeros((30, 1))),),
            baseline_mae=1.0,
            prunable=True,
            title="trial",
        )

    return made


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, composed: Callable[..., Any]) -> Iterator[Engine]:
    """Opens the engine, with one worker process if it has any."""
    config = composed(f"engine={request.param}")
    if config.engine.workers != 0:
        config.engine.workers = 1
    with open_engine(validated(config), jobs=2) as opened:
        yield opened
    assert active_children() == []


def events_of(engine: Engine, *plans: Plan, stop: Callable[[Progress], bool]) -> list[Event]:
    """Returns the events of the engine for these plans, up to the last result."""
    seen: list[Event] = []

    def handle(event: Event) -> None:
        seen.append(event)
        if isinstance(event, Progress) and stop(event):
            engine.stop(event.number, event.step)

    for one in plans:
        engine.submit(one)
    while sum(not isinstance(event, Progress) for event in seen) < len(plans):
        engine.wait(handle, 1.0)
    return seen


def test_it_has_one_slot(engine: Engine) -> None:
    assert engine.slots == 1


def test_it_reports_every_epoch_and_then_a_bit_identical_result(
    engine: Engine, plan: Callable[..., Plan]
) -> None:
    plans = [plan(number, epochs=3) for number in (4, 5)]
    events = events_of(engine, *plans, stop=lambda _: False)
    for one in plans:
        *epochs, result = [event for event in events if event.number == one.number]
        assert [(e.step, e.steps) for e in epochs if isinstance(e, Progress)] == [
            (0, 3),
            (1, 3),
            (2, 3),
        ]
        here = run_trial(one, lambda _: None)
        assert isinstance(result, Result)
        assert result.state == here.state == "complete"
        assert np.array_equal(result.executions[0].forecast, here.executions[0].forecast)
        assert result.executions[0].curve == here.executions[0].curve
        assert {"config.yaml", "predictions.csv", "model.keras"} <= set(result.artifacts)


def test_a_stopped_trial_ends_at_the_epoch_of_the_stop(
    engine: Engine, plan: Callable[..., Plan]
) -> None:
    events = events_of(engine, plan(6, epochs=3000), stop=lambda progress: progress.step == 1)
    result = events[-1]
    assert isinstance(result, Result)
    assert (result.state, result.reason) == ("pruned", "after epoch 2")
    assert result.epochs == 2


def test_a_trial_can_be_stopped_at_the_epoch_that_it_ends_next(
    engine: Engine, plan: Callable[..., Plan]
) -> None:
    one = replace(plan(8, epochs=3000), prunable=False)
    asked: list[int] = []

    def handle(event: Event) -> None:
        if isinstance(event, Progress):
            if event.step == 1:
                engine.stop(event.number, None)
                asked.append(event.step)
        else:
            results.append(event)

    results: list[Event] = []
    engine.submit(one)
    while not results:
        engine.wait(handle, 1.0)
    (result,) = results
    assert isinstance(result, Result)
    assert asked == [1]
    assert (result.state, result.reason) == ("pruned", f"after epoch {result.epochs}")
    assert 2 <= result.epochs < 3000
    here = run_trial(replace(one, ends_at=result.epochs - 1), lambda _: None)
    assert np.array_equal(result.executions[0].forecast, here.executions[0].forecast)
    assert result.executions[0].weights == here.executions[0].weights != ""


def test_a_failed_trial_is_a_result(engine: Engine, plan: Callable[..., Plan]) -> None:
    (result,) = events_of(engine, replace(plan(7, epochs=1), digest=""), stop=lambda _: False)
    assert isinstance(result, Result)
    assert result.state == "failed"
    assert result.artifacts["traceback.txt"].startswith(b"Traceback")


# ---------------------------------------------------------------- whole studies on Dask


@pytest.mark.long
def test_a_study_with_workers_that_die(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...], tmp_path: Path
) -> None:
    """Four trials match their inline runs; one worker dies once, another one every time."""
    levels = "space.model.level={choices: [0.0, 1.0, 2.0, 3.0], when: {model.kind: level}}"
    command = (
        *("sweep", *odd, *short, levels, "study.trials=6", f"model.folder={tmp_path}"),
        *("training.learning_rate=0.01", "training.epochs=2"),
    )
    done = sweepcast(
        *(*command, "engine=dask", "engine.workers=1", "study.name=workers"),
        "space.model.kind=[level,'dies once',dies]",
    )
    assert done.status == 0, done.err
    assert active_children() == []
    assert sweepcast(*command, "study.name=inline", "space.model.kind=level").status == 0

    runs: dict[int, list[Any]] = {}
    for run in sweepcast.trials("workers"):
        runs.setdefault(int(run.data.tags["sweepcast.trial"]), []).append(run)
    assert sorted(runs) == list(range(6))
    inline = sweepcast.trials("inline")
    assert len(inline) == 4
    for number, run in enumerate(inline):
        there = runs[number][-1]
        assert there.data.params["seed"] == run.data.params["seed"]
        assert there.data.params["model.level"] == run.data.params["model.level"]
        del there.data.metrics["duration_s"], run.data.metrics["duration_s"]
        assert there.data.metrics == run.data.metrics

    lost, again = runs[4]
    assert (lost.info.status, lost.data.tags["sweepcast.state"]) == ("KILLED", "lost")
    assert lost.data.tags["sweepcast.reason"].startswith("the worker died")
    assert (again.info.status, again.data.tags["sweepcast.state"]) == ("FINISHED", "complete")
    assert again.data.params == lost.data.params
    lost, failed = runs[5]
    assert (lost.info.status, lost.data.tags["sweepcast.state"]) == ("KILLED", "lost")
    assert (failed.info.status, failed.data.tags["sweepcast.state"]) == ("FAILED", "failed")
    assert failed.data.tags["sweepcast.reason"].endswith(", 2 times")
    assert sweepcast.study("workers").info.status == "FINISHED"


@pytest.mark.long
def test_a_trial_over_the_memory_limit_fails_with_that_reason(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...]
) -> None:
    done = sweepcast(
        *("sweep", *odd, *short, "space.model.kind=[hungry,level]", "study.trials=2"),
        *("engine=dask", "engine.workers=1", "engine.memory_limit=1.5GB", "engine.retries=1"),
    )
    assert done.status == 0, done.err
    lost, failed, complete = sorted(
        sweepcast.trials("short"), key=lambda run: run.data.tags["sweepcast.state"] == "complete"
    )
    for run, state in ((lost, "lost"), (failed, "failed"), (complete, "complete")):
        assert run.data.tags["sweepcast.state"] == state
    for run in (lost, failed):
        assert "out of memory" in run.data.tags["sweepcast.reason"]
        assert "engine.memory_limit" in run.data.tags["sweepcast.reason"]
