"""Two objectives, the score and the model size, and their Pareto front."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.results.pareto import pareto_front

BOTH = "study.objective=[validation/mae,parameters]"
SPACE = (
    *("model=dense", "space=[]", "space.model.dense.layers={low: 0, high: 2}"),
    *("space.model.dense.units=[2,3,4,5]", "pruner=none"),
)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=9))
def test_the_front_contains_the_points_that_no_other_dominates(
    values: list[tuple[float, ...]],
) -> None:
    front = pareto_front(values)
    assert any(front)
    for one, on in zip(values, front, strict=True):
        dominating = [v for v in values if v != one and v[0] <= one[0] and v[1] <= one[1]]
        assert on is not bool(dominating)


@pytest.mark.parametrize("backend", ["optuna", "optuna_random", "optuna_qmc", "keras_tuner_grid"])
def test_a_study_reports_its_pareto_front(
    sweepcast: Any, short: tuple[str, ...], eager: None, backend: str
) -> None:
    command = ("sweep", *short, *SPACE, BOTH, f"backend={backend}")
    assert sweepcast(*command, "study.trials=5").status == 0
    done = sweepcast(*command, "study.trials=9")  # resumes with both objectives
    assert done.status == 0, done.err
    assert ("◆" in done.out, "front" in done.out) == (True, True)
    trials = sweepcast.trials("short")
    assert len(trials) == 9
    pairs = [(r.data.metrics["validation/mae"], r.data.metrics["parameters"]) for r in trials]
    assert [run.data.tags["sweepcast.pareto"] == "true" for run in trials] == pareto_front(pairs)
    smallest = min(size for _, size in pairs)
    assert smallest == 8 + 1  # a linear model with a window of 8 steps
    study = sweepcast.study("short")
    assert "### Pareto front" in study.data.tags["mlflow.note.content"]
    board = json.loads(sweepcast("leaderboard", "short", "--json").out)["rows"]
    shown = {row["run_id"]: (row["parameters"], row["pareto"]) for row in board}
    for run in trials:
        front = run.data.tags["sweepcast.pareto"] == "true"
        assert shown[run.info.run_id] == (run.data.metrics["parameters"], front)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["backend=keras_tuner"], "backend keras_tuner supports only one"),
        (["backend=keras_tuner_bayesian"], "backend keras_tuner_bayesian supports only one"),
        (["pruner=median"], "pruner median supports only one"),
        (["study.objective=[parameters]"], "possible: validation/mae, or"),
        (["study.objective=[validation/mae,duration]"], "possible: validation/mae, or"),
        (["study.objective=[]"], "possible: validation/mae, or"),
    ],
)
def test_unsupported_or_invalid_objectives_are_rejected(
    sweepcast: Any, short: tuple[str, ...], changes: list[str], message: str
) -> None:
    done = sweepcast("sweep", *short, *SPACE, BOTH, *changes)
    assert (done.status, message in done.err) == (2, True), done.err
    assert not sweepcast.runs(kind="study")
