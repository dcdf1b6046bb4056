"""How much of the machine a study uses: python -m benchmarks.engine [--trials N] [--rounds N]

Three ways to train the same trials, in turn, in one run: a study on two workers, two processes
started by hand that train half of the trials each, and a study on one worker. Then a study whose
engine answers at once: what is left is ask, dispatch, tell and log. Prints medians and ratios.
"""

import argparse
import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mlflow import MlflowClient

from search import cli
from search.engine.base import Engine, Handler
from search.result import Epoch, Execution, Result
from search.trial import Plan

STUDY = (
    *("dataset=synthetic", "model=conv_recurrent", "space=[]", "training.epochs=40"),
    *("space.training.learning_rate={low: 0.001, high: 0.01}", "backend=optuna_random"),
    *("pruner=none", "tracking.figures=none", "study.finalists=0", "study.name=bench"),
)
BY_HAND = """
import json, sys, time
from search.runtime import prepare_process
prepare_process(1)
import search.net, search.training, search.data
from search.trial import Plan, run_trial
plans = [Plan(**{**values, "baselines": ()}) for values in json.loads(sys.argv[1])]
search.data.load_series(plans[0].config["dataset"])
started = time.monotonic()
for plan in plans:
    assert run_trial(plan, lambda progress: None).state == "complete"
print(time.monotonic() - started)
"""


@dataclass(frozen=True)
class Measured:
    """One way, once: trials a minute, and the share of its slots' time that was idle."""

    pace: float
    idle: float


def runs(folder: Path) -> list[Any]:
    """Returns the trials of the study in a folder."""
    client = MlflowClient(f"sqlite:///{folder}/mlruns/mlflow.db")
    (experiment,) = client.search_experiments(filter_string="name LIKE 'sweepcast/%'")
    found = client.search_runs(
        [experiment.experiment_id], "tags.`sweepcast.kind` = 'trial'", max_results=1000
    )
    return list(found)


def study(workers: int, trials: int) -> tuple[Measured, list[dict[str, Any]]]:
    """Runs a study on so many workers; returns its pace, and the plans of its trials."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(
            [
                *(sys.executable, "-m", "search", "sweep", "--quiet", *STUDY),
                *(f"study.trials={trials}", f"engine.workers={workers}"),
            ],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        found = runs(folder)
        begun = min(run.info.start_time for run in found)
        ended = max(run.info.end_time for run in found)
        span = (ended - begun) / 1000
        plans = [plan_of(folder, run) for run in found]
    return Measured(60 * trials / span, idle_share(found, workers)), plans


def idle_share(found: list[Any], workers: int) -> float:
    """Returns the share of the slots' time in which none trained, while trials remained.

    That is from the start of the first trial to that of the last one.
    """
    starts = [run.info.start_time / 1000 for run in found]
    busy = sum(
        min(start + run.data.metrics["duration_s"], max(starts)) - start
        for start, run in zip(starts, found, strict=True)
    )
    return max(0.0, 1 - busy / (workers * (max(starts) - min(starts))))


def plan_of(folder: Path, run: Any) -> dict[str, Any]:
    """Returns what makes the plan of a trial, as plain values."""
    import yaml

    (path,) = folder.glob(f"mlruns/artifacts/**/{run.info.run_id}/artifacts/config.yaml")
    return {
        "number": int(run.data.tags["sweepcast.trial"]),
        "config": yaml.safe_load(path.read_text("utf-8")),
        "point": {},
        "seed": int(run.data.params["seed"]),
        "digest": run.data.tags["sweepcast.dataset_digest"],
        "baseline_mae": 1.0,
        "prunable": False,
        "title": "",
    }


def by_hand(plans: list[dict[str, Any]]) -> Measured:
    """Trains the plans in two processes side by side."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", BY_HAND, json.dumps(half)], stdout=subprocess.PIPE, text=True
        )
        for half in (plans[::2], plans[1::2])
    ]
    seconds = [float(process.communicate()[0]) for process in processes]
    return Measured(60 * len(plans) / max(seconds), 0.0)


class Instant(Engine):
    """An engine whose trials take no time."""

    def __init__(self) -> None:
        self._plans: list[Plan] = []

    @property
    def slots(self) -> int:
        """Two, as on two workers."""
        return 2

    def submit(self, plan: Plan) -> None:
        """Keeps the plan."""
        self._plans.append(plan)

    def wait(self, handle: Handler, timeout: float) -> None:  # noqa: ARG002
        """Ends the oldest trial with three epochs and a score that follows from its seed."""
        plan = self._plans.pop(0)
        score = 1 + plan.seed % 1000 / 1000
        curve = tuple(Epoch(epoch, score, score, score, score, score) for epoch in range(3))
        actual = np.zeros((30, 1))
        execution = Execution(0, 0, curve, actual, actual + score, {}, 1.0)
        handle(Result(plan.number, "complete", executions=(execution,)))

    def stop(self, number: int, step: int) -> None:
        """Nothing runs."""

    def __exit__(self, *error: object) -> None:
        """Nothing to end."""


def coordination(trials: int) -> tuple[float, float]:
    """Returns the seconds a trial of trivial ones costs: of the first tenth, and of the last."""
    from search import sweep as module

    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        before = module.open_engine
        module.open_engine = lambda config, jobs: Instant()  # noqa: ARG005
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                cli.run(["sweep", "--quiet", *STUDY, f"study.trials={trials}"])
        finally:
            module.open_engine = before
        starts = sorted(run.info.start_time for run in runs(Path(name)))
    steps = np.diff(starts) / 1000
    tenth = max(1, trials // 10)
    return float(steps[:tenth].mean()), float(steps[-tenth:].mean())


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--trivial", type=int, default=200)
    options = parser.parse_args()
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    found: dict[str, list[Measured]] = {"two workers": [], "by hand": [], "one worker": []}
    for _ in range(options.rounds):
        two, plans = study(2, options.trials)
        found["two workers"].append(two)
        found["by hand"].append(by_hand(plans))
        found["one worker"].append(study(1, options.trials)[0])
    pace = {name: statistics.median(one.pace for one in each) for name, each in found.items()}
    idle = statistics.median(one.idle for one in found["two workers"])
    first, last = coordination(options.trivial)
    for line in (
        f"two workers / two processes by hand: {pace['two workers'] / pace['by hand']:.2f}",
        f"two workers / one worker:            {pace['two workers'] / pace['one worker']:.2f}",
        f"slots idle while trials remain:      {idle:.1%}",
        f"coordination of a trivial trial:     {first:.3f} s, of the last tenth {last:.3f} s",
        f"that is of a trial of 20 seconds:    {last / 20:.2%}",
    ):
        print(line)  # noqa: T201


if __name__ == "__main__":
    main()
