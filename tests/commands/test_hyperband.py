"""Keras Tuner's Hyperband: a promoted trial continues from its parent's checkpoint."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.trial.checkpoints import FILE, Checkpoint, pack, unpack
from search.trial.trial import Plan, Start, run_trial

SEARCH = (
    *(
        "model=dense",
        "space=[]",
        "space.model.dense.units=[2,3,4]",
        "backend=keras_tuner_hyperband",
    ),
    *(
        "space.training.learning_rate={low: 0.01, high: 0.1}",
        "training.epochs=9",
        "study.trials=14",
    ),
)


def test_a_checkpoint_survives_packing_and_unpacking() -> None:
    given = {
        (fold, execution): Checkpoint([np.full((2, 3), fold + 0.5)] * 12, [np.array(execution)])
        for fold in range(2)
        for execution in range(11)
    }
    found = unpack(pack(given))
    assert found.keys() == given.keys()
    for place, one in given.items():
        assert [a.tolist() for a in found[place].weights] == [a.tolist() for a in one.weights]
        assert [a.tolist() for a in found[place].optimizer] == [a.tolist() for a in one.optimizer]
    assert pack(found) == pack(given)


def test_continued_training_equals_training_in_one_go(
    composed: Callable[..., Any], short: tuple[str, ...], eager: None
) -> None:
    """There is one batch per epoch, so that the order of the samples does not matter."""
    from search.config.validation import validated
    from search.trial.data import load_series

    config = validated(
        composed(*short, "model=dense", "training.epochs=5", "study.executions=2", "task.folds=2")
    )
    plan = Plan(
        number=0,
        config=config.plain(),
        point={},
        seed=1,
        digest=load_series(config.dataset).digest,
        baselines=(("none", np.zeros((1, 1))),),
        baseline_mae=1.0,
        prunable=False,
        title="",
        continuable=True,
    )
    steps: list[tuple[int, int]] = []
    whole = run_trial(plan, lambda _: None)
    first = run_trial(replace(plan, epochs=2), lambda _: None)
    rest = run_trial(
        replace(plan, start=Start(2, first.checkpoint)),
        lambda progress: steps.append((progress.step, progress.steps)),
    )
    assert [len(e.curve) for e in rest.executions] == [3] * 4
    assert steps == [(step, 12) for step in range(12)]
    assert (first.epochs, rest.epochs) == (8, 12)
    for one, begun, continuation in zip(
        whole.executions, first.executions, rest.executions, strict=True
    ):
        assert [epoch.epoch for epoch in continuation.curve] == [2, 3, 4]
        curve = [epoch.loss for epoch in (*begun.curve, *continuation.curve)]
        assert curve == pytest.approx([epoch.loss for epoch in one.curve], rel=1e-4)
        assert continuation.forecast == pytest.approx(one.forecast, rel=1e-3)


@pytest.fixture(scope="module")
def made(
    program_in: Callable[[Path], Any],
    tmp_path_factory: pytest.TempPathFactory,
    short: tuple[str, ...],
    eagerly: Callable[[], Any],
) -> Any:
    program = program_in(tmp_path_factory.mktemp("hyperband") / "here")
    with eagerly():
        done = program("sweep", *short, *SEARCH)
    assert done.status == 0, done.err
    return program


def continued(program: Any) -> list[Any]:
    return [run for run in program.trials("short") if "sweepcast.continues" in run.data.tags]


def test_each_rung_is_a_run_that_names_its_parent(made: Any) -> None:
    runs = {int(run.data.tags["sweepcast.trial"]): run for run in made.trials("short")}
    assert continued(made)
    for run in continued(made):
        proposal = json.loads(run.data.tags["sweepcast.proposal"])
        parent = runs[int(run.data.tags["sweepcast.continues"])]
        points = [
            {key: value for key, value in one.data.params.items() if key != "seed"}
            for one in (run, parent)
        ]
        assert points[0] == points[1]
        assert run.data.params["seed"] != parent.data.params["seed"]
        first, last = proposal["initial_epoch"], proposal["epochs"]
        assert run.data.metrics["epochs"] == last - first
        assert sorted({step for step, _ in made.curve(run, "loss")}) == list(range(first, last))
        assert f"epochs {first + 1}–{last}" in run.info.run_name
        assert FILE in made.files(parent)
        # Its training loss is lower than its parent's last one.
        assert made.curve(run, "loss")[-1][1] < made.curve(parent, "loss")[-1][1]


def test_a_continued_trial_is_reproduced_with_its_whole_chain(
    made: Any, eager: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from search.retraining import reproduction as module

    # The study was trained eagerly in this process, so its reproduction has to be as well.
    monkeypatch.setattr(module, "open_engine", inline)
    longest = max(continued(made), key=lambda run: run.data.tags["sweepcast.proposal"].count("9"))
    done = made("reproduce", longest.info.run_id)
    assert done.status == 0, done.out + done.err
    assert "hashes of checkpoints" in done.out


def inline(*_: Any, **__: Any) -> Any:
    from search.engine.inline import InlineEngine

    return InlineEngine()


def test_a_pruner_cannot_be_combined_with_it(sweepcast: Any, short: tuple[str, ...]) -> None:
    done = sweepcast("sweep", *short, *SEARCH, "pruner=median")
    assert (done.status, "set pruner=none" in done.err) == (2, True)
    assert not sweepcast.runs(kind="study")
