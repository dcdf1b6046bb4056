"""Kills workers and the coordinator at random times: no trial is lost or counted twice.

`make chaos` runs the full tests, `make test` a short one.
"""

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import psutil
import pytest
import yaml

from benchmarks.memory import workers_of
from search.engine.processes import METHOD
from search.trial.data import load_series
from search.trial.trial import Plan, run_trial

BACKENDS = ("optuna", "keras_tuner")
SPACE = (
    *("model=dense", "model.dense.layers=0", "space=[]", "training.epochs=3"),
    *("space.training.learning_rate={low: 0.001, high: 0.1}", "space.task.window_size=[4,6,8]"),
    *("engine=dask", "engine.workers=2", "engine.retries=30", "pruner=none"),
)


class Chaos:
    """A study in separate processes, which are killed."""

    def __init__(self, program: Any, command: tuple[str, ...], seed: int) -> None:
        self.program = program
        self.command = command
        self.random = random.Random(seed)
        self.kills: Counter[str] = Counter()
        self.groups: list[int] = []
        self.process = self.start()

    def start(self) -> "subprocess.Popen[bytes]":
        """Starts or resumes the study in a new process group."""
        with (self.program.folder / "output.txt").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "search", *self.command],
                cwd=self.program.folder,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.groups.append(process.pid)
        return process

    def kill(self) -> None:
        """Kills a worker, the process that workers are forked from, or the coordinator."""
        workers, chance = workers_of(self.process.pid), self.random.random()
        if workers and chance < 0.5:
            self.random.choice(workers).kill()
            self.kills["worker"] += 1
        elif workers and chance < 0.6:
            self.kill_source(workers[0])
        elif self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            self.kills["coordinator"] += 1

    def kill_source(self, worker: psutil.Process) -> None:
        """Kills the process that workers are forked from."""
        with suppress(psutil.Error):
            source = worker.parent()
            if source is not None and source.pid != self.process.pid:
                source.kill()
                self.kills["source"] += 1

    def wait_until(self, holds: Callable[[], Any]) -> None:
        """Waits until `holds` is true; fails after 5 minutes or if the study ends before."""
        until = time.monotonic() + 300
        while not holds():
            waiting = self.process.poll() is None and time.monotonic() < until
            assert waiting, (self.program.folder / "output.txt").read_text()
            time.sleep(0.1)

    def wait_for_workers(self) -> None:
        """Waits until the study has workers or has ended."""
        self.wait_until(lambda: self.process.poll() is not None or workers_of(self.process.pid))

    def run(
        self,
        kills: int,
        pause: tuple[float, float],
        ready: Callable[[], object] = lambda: None,
    ) -> None:
        """Kills `kills` processes, each after a random pause (s), then lets the study finish.

        Kills fewer if the study finishes before. `ready` is called before each pause.
        """
        while sum(self.kills.values()) < kills:
            ready()
            time.sleep(self.random.uniform(*pause))
            status = self.process.poll()
            if status == 0:
                break
            if status is None:
                self.kill()
            else:
                assert status < 0, (self.program.folder / "output.txt").read_text()
                self.process = self.start()
        if self.process.poll() is not None:
            self.process = self.start()
        status = self.process.wait(timeout=900)
        assert status == 0, (self.program.folder / "output.txt").read_text()

    def check(self, trials: int) -> None:
        """Checks that every trial finished once with the right score, and no process is left."""
        left = [process for process in psutil.process_iter() if group_of(process) in self.groups]
        _, left = psutil.wait_procs(left, timeout=60)
        assert not left, f"left behind: {[process.cmdline() for process in left]}"
        runs = self.program.trials("short")
        assert {run.info.status for run in self.program.runs(study="short")} <= {
            *("FINISHED", "KILLED")
        }
        finished = [run for run in runs if run.data.tags["sweepcast.state"] != "lost"]
        numbers = sorted(int(run.data.tags["sweepcast.trial"]) for run in finished)
        assert numbers == list(range(trials))
        for run in finished:
            assert run.data.tags["sweepcast.state"] == "complete"
            if "sweepcast.duplicate_of" not in run.data.tags:
                assert score_of(self.program, run) == run.data.metrics["validation/mae"]
                for name in ("loss", "mae", "val_loss", "val_mae"):
                    steps = {step for step, _ in self.program.curve(run, name)}
                    assert steps == {0, 1, 2}


def group_of(process: psutil.Process) -> int:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return -1


def score_of(program: Any, run: Any) -> float:
    """Returns the score of the values and the seed of a trial without any kill."""
    config = yaml.safe_load(program.path(run, "config.yaml").read_text("utf-8"))
    plan = Plan(
        number=0,
        config={**config, "tracking": {**config["tracking"], "models": "none"}},
        point={},
        seed=int(run.data.params["seed"]),
        digest=load_series(config["dataset"]).digest,
        baselines=(),
        baseline_mae=1.0,
        prunable=False,
        title="",
    )
    return run_trial(plan, lambda _: None).metrics(1.0)["validation/mae"]


def chaos(program: Any, short: tuple[str, ...], backend: str, trials: int, seed: int) -> Chaos:
    words = ("sweep", "--quiet", *short, *SPACE, f"backend={backend}", f"study.trials={trials}")
    return Chaos(program, words, seed)


def test_a_few_kills_lose_nothing(sweepcast: Any, short: tuple[str, ...]) -> None:
    study = chaos(sweepcast, short, "optuna", trials=4, seed=3)
    study.run(kills=2, pause=(0.0, 3.0), ready=study.wait_for_workers)
    assert study.kills
    study.check(4)


@pytest.mark.chaos
@pytest.mark.skipif(METHOD != "forkserver", reason="workers are spawned here, not forked")
def test_the_process_that_workers_are_forked_from_may_die(
    sweepcast: Any, short: tuple[str, ...]
) -> None:
    study = chaos(sweepcast, short, "optuna", trials=8, seed=0)
    study.wait_until(lambda: len(sweepcast.trials("short")) >= 3)

    def source_is_killed() -> bool:
        for worker in workers_of(study.process.pid)[:1]:  # it may be replaced just now
            study.kill_source(worker)
        return study.kills["source"] == 1

    study.wait_until(source_is_killed)
    assert study.kills["source"] == 1
    assert study.process.wait(timeout=300) == 0
    study.check(8)


@pytest.mark.chaos
@pytest.mark.parametrize("backend", BACKENDS)
def test_thirty_kills_lose_nothing(sweepcast: Any, short: tuple[str, ...], backend: str) -> None:
    study = chaos(sweepcast, short, backend, trials=60, seed=BACKENDS.index(backend))
    study.run(kills=30, pause=(4.0, 14.0))
    study.check(60)


@pytest.mark.chaos
def test_a_study_survives_a_database_locked_for_half_a_minute(
    sweepcast: Any, short: tuple[str, ...]
) -> None:
    study = chaos(sweepcast, short, "optuna", trials=20, seed=0)
    study.wait_until(lambda: len(sweepcast.trials("short")) >= 3)
    with closing(sqlite3.connect(sweepcast.folder / "mlruns/mlflow.db", timeout=20)) as other:
        other.isolation_level = None
        other.execute("begin exclusive")
        time.sleep(35)
        other.execute("rollback")
    assert study.process.wait(timeout=900) == 0
    study.check(20)
