"""Measures the cost of the engine: python -m benchmarks.engine [--trials N] [--rounds N]

Trains the same trials in three ways, in turn, in one run: a study on two workers, two processes
started by hand that train half of the trials each, and a study on one worker. Then runs a study
whose trials take no time: only ask, dispatch, tell and log remain. Prints medians and ratios.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient

from benchmarks.instant import coordination
from benchmarks.table import Section, parser, report

STUDY = (
    *("dataset=synthetic", "model=conv_recurrent", "space=[]", "training.epochs=40"),
    *("space.training.learning_rate={low: 0.001, high: 0.01}", "backend=optuna_random"),
    *("pruner=none", "tracking.figures=none", "study.finalists=0", "study.name=bench"),
)
BY_HAND = """
import json, sys, time
from search.engine.environment import prepare_process
prepare_process(1)
import search.trial.model, search.trial.training, search.trial.data
from search.trial.trial import Plan, run_trial
plans = [Plan(**{**values, "baselines": ()}) for values in json.loads(sys.argv[1])]
search.trial.data.load_series(plans[0].config["dataset"])
started = time.monotonic()
for plan in plans:
    assert run_trial(plan, lambda progress: None).state == "complete"
print(time.monotonic() - started)
"""


@dataclass(frozen=True)
class Measured:
    """A measurement: trials per minute, and the idle share of the slots' time."""

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
    """Runs a study on `workers` workers; returns its measurement and the plans of its trials."""
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
    """Returns the idle share of the slots' time while trials remained.

    This is the time from the start of the first trial to the start of the last one.
    """
    starts = [run.info.start_time / 1000 for run in found]
    busy = sum(
        min(start + run.data.metrics["duration_s"], max(starts)) - start
        for start, run in zip(starts, found, strict=True)
    )
    return max(0.0, 1 - busy / (workers * (max(starts) - min(starts))))


def plan_of(folder: Path, run: Any) -> dict[str, Any]:
    """Returns the fields of a trial's plan as plain values."""
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
    """Trains the plans in two parallel processes."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", BY_HAND, json.dumps(half)], stdout=subprocess.PIPE, text=True
        )
        for half in (plans[::2], plans[1::2])
    ]
    seconds = [float(process.communicate()[0]) for process in processes]
    return Measured(60 * len(plans) / max(seconds), 0.0)


def section(trials: int, rounds: int, trivial: int) -> Section:
    """Runs the benchmark and returns the table."""
    found: dict[str, list[Measured]] = {"two workers": [], "by hand": [], "one worker": []}
    for _ in range(rounds):
        two, plans = study(2, trials)
        found["two workers"].append(two)
        found["by hand"].append(by_hand(plans))
        found["one worker"].append(study(1, trials)[0])
    pace = {name: statistics.median(one.pace for one in each) for name, each in found.items()}
    idle = statistics.median(one.idle for one in found["two workers"])
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        trial = float(coordination(trivial, "backend=optuna_random").trials.mean())
    rows = [
        ("two workers / two processes by hand", f"{pace['two workers'] / pace['by hand']:.2f}"),
        ("two workers / one worker", f"{pace['two workers'] / pace['one worker']:.2f}"),
        ("slots idle while trials remain", f"{idle:.1%}"),
        ("coordination of a trivial trial", f"{trial:.3f} s"),
        ("share of a trial of 20 seconds", f"{trial / 20:.2%}"),
    ]
    return Section("engine", ("ratio of trials per minute, cost of coordination", ""), rows)


def main() -> None:
    """Runs the benchmark, prints its table and, with --write, writes it."""
    arguments = parser(__doc__)
    arguments.add_argument("--trials", type=int, default=8)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--trivial", type=int, default=200)
    options = arguments.parse_args()
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    report(section(options.trials, options.rounds, options.trivial), write=options.write)


if __name__ == "__main__":
    main()
