"""`study.timeout` bounds the whole command: trials, finalists and textbook baselines.

The limits are far shorter than the trainings, and no test depends on how fast the machine is.
"""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from search.backends.base import Proposal
from search.config.validation import validated
from search.engine.inline import InlineEngine
from search.retraining.fresh_seeds import train_fresh_seeds
from search.study.budget import TIME_IS_UP
from search.study.preparation import prepare
from search.terminal.display.base import Display, StudyProgress
from search.trial.trial import Progress

ENDLESS = (
    *("model=dense", "model.dense.layers=1", "space=[]", "space.model.dense.units=[2,3,4]"),
    *("backend=optuna_grid", "study.trials=3", "training.epochs=1000000"),
)
TINY = (
    *("model=dense", "space=[]", "space.model.dense.units=[2,3,4]", "backend=optuna_grid"),
    *("study.trials=3", "study.finalists=2", "study.finalist_executions=2"),
)
SLEEPING = """
import time
from pathlib import Path

import keras


def build(input_shape, horizon, *, folder: str = "."):
    while not Path(folder, "awake").exists():
        time.sleep(0.1)
    layers = [keras.layers.Flatten(), keras.layers.Dense(horizon)]
    return keras.Sequential([keras.Input(input_shape), *layers])
"""


def states(sweepcast: Any) -> list[tuple[str, str]]:
    runs = sweepcast.trials("short")
    return [
        (run.data.tags["sweepcast.state"], run.data.tags.get("sweepcast.reason", ""))
        for run in runs
    ]


def test_trials_of_a_million_epochs_end_at_the_limit_and_can_be_reproduced(
    sweepcast: Any, short: tuple[str, ...]
) -> None:
    command = ("sweep", *short, *ENDLESS, "engine=dask", "engine.workers=1", "pruner=none")
    done = sweepcast(*command, "study.timeout=20", "study.finalists=1")
    assert done.status == 1, done.err  # no trial is complete
    assert "Time limit reached after 1 of 3 trials." in done.out
    (run,) = sweepcast.trials("short")
    epochs = int(run.data.metrics["epochs"])
    reason = f"after epoch {epochs}, because {TIME_IS_UP}"
    assert states(sweepcast) == [("pruned", reason)]
    assert reason in done.out.replace("\n", " ")
    assert sweepcast.study("short").data.tags.get("mlflow.note.content", "").count("pruner") == 0
    again = sweepcast("reproduce", run.info.run_id)
    assert again.status == 0, again.out + again.err
    assert "Bit-for-bit identical" in again.out


@pytest.mark.long
def test_a_resumed_study_goes_on_after_the_trials_that_were_stopped(
    sweepcast: Any, short: tuple[str, ...], eager: None
) -> None:
    command = ("sweep", *short, *ENDLESS)
    assert sweepcast(*command, "study.timeout=8").status == 1
    assert sweepcast(*command, "study.timeout=8").status == 1
    found = states(sweepcast)
    assert [state for state, _ in found] == ["pruned", "pruned"]
    assert all(TIME_IS_UP in reason for _, reason in found)
    first, second = sweepcast.trials("short")
    assert first.data.params["model.dense.units"] != second.data.params["model.dense.units"]


@pytest.mark.parametrize(
    "search",
    [
        ("backend=keras_tuner_hyperband", "backend.factor=2000000", "pruner=none"),
        ("backend=optuna", "pruner=none", "study.objective=[validation/mae,parameters]"),
    ],
)
def test_every_kind_of_search_accepts_trials_that_were_stopped(
    search: tuple[str, ...], sweepcast: Any, short: tuple[str, ...], eager: None
) -> None:
    command = ("sweep", *short, *(w for w in ENDLESS if not w.startswith("backend")), *search)
    for _ in range(2):
        done = sweepcast(*command, "study.timeout=6")
        assert done.status == 1, done.err
    assert {state for state, _ in states(sweepcast)} == {"pruned"}


@pytest.mark.long
def test_a_trial_that_does_not_answer_is_lost_and_retried(
    sweepcast: Any, short: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf/model").mkdir(parents=True)
    (tmp_path / "sleeping_nets.py").write_text(SLEEPING)
    (tmp_path / "conf/model/sleeping.yaml").write_text(
        "_target_: sleeping_nets.build\nname: sleeping\nfolder: .\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    command = (
        *("sweep", "--config-dir", str(tmp_path / "conf"), *short, "engine=dask"),
        *("model=sleeping", "space=[]", f"model.folder={tmp_path}", "engine.workers=1"),
        *("backend=optuna_grid", "study.trials=1", "study.finalists=1", "pruner=none"),
    )
    done = sweepcast(*command, "study.timeout=10")
    assert done.status == 1, done.err
    assert "Time limit reached after 0 of 1 trials." in done.out
    assert states(sweepcast) == [("lost", TIME_IS_UP)]
    (tmp_path / "awake").touch()
    done = sweepcast(*command, "study.timeout=null")
    assert done.status == 0, done.err
    assert states(sweepcast) == [("lost", TIME_IS_UP), ("complete", "")]


# ---------------------------------------------------------------- finalists


def searched(sweepcast: Any, command: tuple[str, ...], seconds: list[float]) -> list[int]:
    """Runs a search without finalists, sets the durations of its trials, and returns their ranks.

    Args:
        seconds: durations in seconds, best trial first.
    """
    assert sweepcast(*command, "study.finalists=0").status == 0
    ranked = sorted(sweepcast.trials("short"), key=lambda run: run.data.metrics["validation/mae"])
    for run, duration in zip(ranked, seconds, strict=True):
        sweepcast.client.log_metric(run.info.run_id, "duration_s", duration, step=1)
    return [int(run.data.tags["sweepcast.trial"]) for run in ranked]


def finalists(sweepcast: Any) -> list[tuple[int, str, str]]:
    """Returns the number, state and number of seeds of each finalist."""
    return [
        (
            int(run.data.tags["sweepcast.trial"]),
            run.data.tags["sweepcast.state"],
            run.data.params["study.executions"],
        )
        for run in sweepcast.runs(kind="finalist", study="short")
    ]


@pytest.mark.usefixtures("eager")
def test_finalists_that_do_not_fit_are_left_to_a_command_with_more_time(
    sweepcast: Any, short: tuple[str, ...]
) -> None:
    command = ("sweep", *short, *TINY)
    ranked = searched(sweepcast, command, [1e6, 0.1, 0.1])
    done = sweepcast(*command, "study.timeout=600")
    assert done.status == 0, done.err
    end = "Budget used up: 3 trials; the time limit ended the study: 0 of 2 finalists retrained."
    assert end in done.out
    assert finalists(sweepcast) == []  # the second trial is not retrained instead of the best one
    done = sweepcast(*command)
    assert done.status == 0, done.err
    assert "Budget used up: 3 trials." in done.out
    assert {number for number, _, _ in finalists(sweepcast)} == {*ranked[:2]}


@pytest.mark.usefixtures("eager")
def test_the_best_trial_is_retrained_first_with_the_seeds_that_fit(
    sweepcast: Any, short: tuple[str, ...]
) -> None:
    command = ("sweep", *short, *TINY)
    first, second, _ = searched(sweepcast, command, [0.1, 300.0, 0.1])
    done = sweepcast(*command, "study.timeout=600")
    assert done.status == 0, done.err
    assert "2 of 2 finalists retrained, 1 with fewer seeds." in done.out
    assert "Retraining the best 2 trials with 2 and 1 fresh seeds." in done.out
    assert finalists(sweepcast) == [(first, "complete", "2"), (second, "complete", "1")]
    assert sweepcast(*command).status == 0
    assert finalists(sweepcast)[2:] == [(second, "complete", "2")]
    assert "Nothing left to do" in sweepcast(*command).out
    board = json.loads(sweepcast("leaderboard", "--json").out)
    trials = [row for row in board["rows"] if row["kind"] == "trial"]
    assert [row["fresh_seeds"] for row in trials] == [2, 2, 0]


class CountedEpochs(Display):
    """A display that counts the epochs of all trainings."""

    def __init__(self) -> None:
        super().__init__(Console(file=StringIO()), StudyProgress(1, "none", 1.0, ""))
        self.epochs = 0

    def epoch_ended(self, progress: Progress) -> None:
        super().epoch_ended(progress)
        self.epochs += 1


@pytest.mark.usefixtures("eager")
def test_a_finalist_keeps_the_seeds_that_were_complete_when_the_time_was_over(
    composed: Callable[..., Any], short: tuple[str, ...]
) -> None:
    words = ("model=dense", "space=[]", "study.executions=2", *short, "training.epochs=3")
    planner = prepare(validated(composed(*words))).planner
    plans = [planner.plan(i, Proposal({}), seed=i, title=f"trial {i}") for i in range(3)]
    display = CountedEpochs()

    def trained(epochs: float) -> list[tuple[int, int, int, str]]:
        display.epochs = 0
        found = train_fresh_seeds(
            *(plans, InlineEngine(), display),
            retries=0,
            stopped=lambda: False,
            over=lambda: display.epochs >= epochs,
        )
        return [
            (plan.number, plan.config["study"]["executions"], result.epochs, result.state)
            for plan, result in found
        ]

    assert trained(float("inf")) == [(i, 2, 6, "complete") for i in range(3)]
    assert trained(10) == [(0, 2, 6, "complete"), (1, 1, 3, "complete")]
    assert display.epochs == 10  # the second seed of trial 1 was stopped after its first epoch
    assert trained(2) == []
