"""The same command resumes a study where it stopped, after any kind of stop.

contracts/test_backends.py tests this for every backend.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LEVELS = "space.model.level=[0.0,1.0,2.0,3.0,4.0,5.0,6.0,7.0]"


def untouched(program: Any) -> list[tuple[Any, ...]]:
    """Returns the parts of finished runs that must not change."""
    runs = [*program.trials("short"), *program.runs(kind="baseline", study="short")]
    return [(r.info.run_id, r.info.end_time, r.info.status, r.data.tags) for r in runs]


def numbers(program: Any) -> list[int]:
    return [int(run.data.tags["sweepcast.trial"]) for run in program.trials("short")]


def simulate_crash(program: Any, *running: Any) -> None:
    """Puts the store into the state that it had while these trials were running."""
    for run in running:
        program.client.delete_tag(run.info.run_id, "sweepcast.state")
    for run in (*running, program.study("short")):
        program.client.update_run(run.info.run_id, status="RUNNING")


def test_running_a_finished_study_again_changes_nothing(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...], eager: None
) -> None:
    command = ("sweep", *odd, *short, LEVELS, "study.trials=2")
    first = sweepcast(*command)
    before, page = untouched(sweepcast), sweepcast.study("short").data.tags
    again = sweepcast(*command)
    assert (first.status, again.status) == (0, 0)
    assert "Budget used up: 2 trials. Nothing left to do." in again.out
    assert untouched(sweepcast) == before
    assert sweepcast.study("short").data.tags == page


def test_additional_trials_continue_the_numbering(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...], eager: None
) -> None:
    command = ("sweep", *odd, *short, LEVELS)
    assert sweepcast(*command, "study.trials=2").status == 0
    before = untouched(sweepcast)
    done = sweepcast(*command, "study.trials=4")
    assert done.status == 0, done.err
    assert numbers(sweepcast) == [0, 1, 2, 3]
    assert [row for row in untouched(sweepcast) if row in before] == before
    assert "resumed after 2 trials" in done.out
    points = {run.data.params["model.level"] for run in sweepcast.trials("short")}
    assert len(points) == 4
    assert len(sweepcast.runs(kind="study")) == 1


def test_trials_that_were_running_at_a_crash_are_retried(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...], eager: None
) -> None:
    command = ("sweep", *odd, *short, LEVELS, "study.trials=4")
    assert sweepcast(*command).status == 0
    _, dead, _, other = sweepcast.trials("short")
    simulate_crash(sweepcast, dead, other)
    assert sweepcast(*command).status == 0

    trials = sweepcast.trials("short")
    assert numbers(sweepcast) == [0, 1, 2, 3, 1, 3]
    for lost, again in zip((trials[1], trials[3]), trials[4:], strict=True):
        assert (lost.info.status, lost.data.tags["sweepcast.state"]) == ("KILLED", "lost")
        assert lost.data.tags["sweepcast.reason"] == "the study stopped during this run"
        assert (again.info.status, again.data.tags["sweepcast.state"]) == ("FINISHED", "complete")
        assert again.data.params == lost.data.params
        # The same values and seed give the same score, bit for bit.
        assert again.data.metrics["validation/mae"] == lost.data.metrics["validation/mae"]
    board = sweepcast("leaderboard", "--json")
    assert board.out.count('"kind": "trial"') == 4


def test_another_configuration_starts_another_study(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...], eager: None
) -> None:
    command = ("sweep", *odd, *short, LEVELS, "study.trials=1", "study.name=null")
    assert sweepcast(*command).status == 0
    assert sweepcast(*command, "engine.threads=1", "tracking.models=none").status == 0
    assert len(sweepcast.runs(kind="study")) == 1
    assert sweepcast(*command, "study.seed=1").status == 0
    names = [run.data.tags["sweepcast.study"] for run in sweepcast.runs(kind="study")]
    assert len(set(names)) == 2
    assert all(name.startswith("synthetic-odd-optuna_grid-") for name in names)


def test_a_resumed_hyperband_proposes_the_same_points(
    program_in: Callable[[Path], Any],
    tmp_path: Path,
    short: tuple[str, ...],
    odd: tuple[str, ...],
    eager: None,
) -> None:
    """Its rounds depend on the scores and epochs of all earlier trials."""
    command = (
        *("sweep", *odd, *short, "backend=keras_tuner_hyperband", "training.epochs=3"),
        *(LEVELS, "space.task.window_size=[4,5,6]"),
    )
    whole, parts = program_in(tmp_path / "whole"), program_in(tmp_path / "parts")
    assert whole(*command, "study.trials=8").status == 0
    assert parts(*command, "study.trials=5").status == 0
    assert parts(*command, "study.trials=8").status == 0
    seen = [
        [(run.data.params, run.data.tags["sweepcast.proposal"]) for run in program.trials("short")]
        for program in (whole, parts)
    ]
    assert seen[0] == seen[1]
    assert {'{"epochs": 1', '{"epochs": 3'} == {proposal[:12] for _, proposal in seen[0]}


def test_a_study_can_be_resumed_after_ctrl_c(
    program_in: Callable[[Path], Any],
    tmp_path: Path,
    short: tuple[str, ...],
    interrupted: Callable[..., tuple[int, str]],
    eagerly: Callable[..., Any],
) -> None:
    """Runs a real process with Dask workers, started in an empty folder."""
    program = program_in(tmp_path / "here")
    (program.folder / "mlruns/mlflow.db").unlink()
    command = ("sweep", *short, "model=dense", "model.dense.layers=0", "space=[]")
    command += ("space.training.learning_rate={low: 0.001, high: 0.1}", "backend=optuna_random")
    process = program.start(*command, "engine=dask", "engine.workers=1", "study.trials=500")
    assert process.stdout is not None
    before = ""
    while "[2/500]" not in before:
        line = process.stdout.readline()
        assert line, f"the study ended too early:\n{before}"
        before += line
    status, after = interrupted(process)

    assert status == 130, before + after
    trials = program.trials("short")
    done = len(trials)
    assert 2 <= done < 500
    assert f"Interrupted after {done} of 500 trials; run the same command to resume." in after
    assert {run.data.tags["sweepcast.state"] for run in trials} == {"complete"}
    assert {run.info.status for run in program.runs(study="short")} == {"FINISHED", "KILLED"}
    assert program.study("short").info.status == "KILLED"
    assert {path.name for path in program.folder.iterdir()} == {"mlruns"}

    with eagerly():
        resumed = program(*command, f"study.trials={done + 1}")
    assert resumed.status == 0, resumed.err
    assert numbers(program) == list(range(done + 1))
    assert program.study("short").info.status == "FINISHED"


def test_ctrl_c_while_the_workers_start_ends_the_study(
    sweepcast: Any, short: tuple[str, ...], interrupted: Callable[..., Any]
) -> None:
    command = ("sweep", *short, "model=dense", "space=[dense]", "engine=dask")
    process = sweepcast.start(*command, "study.trials=500")
    # The workers start after the study has printed its header, and take seconds.
    assert any(line.startswith("to beat") for line in process.stdout)
    time.sleep(0.7)
    status, rest = interrupted(process)
    assert status == 130
    assert "Interrupted" in rest
    assert "Traceback" not in rest
    assert sweepcast(*command, "engine=inline", "study.trials=1").status == 0
