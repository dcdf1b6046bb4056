"""Measures how well backends and pruners search: python -m benchmarks.search [--repetitions N]

The space is finite: models of up to two dense layers on the monthly Seattle-Tacoma series, with 252
points of 30 epochs. Each was trained once; the curves are in benchmarks/seatac_grid.json. A search
is replayed in a second: backend and pruner run as in a study, the training is read from the file.
200 repetitions take 25 minutes on two cores. `--record station.csv` trains the points again.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.table import Section, parser, report
from search.backends import optuna
from search.backends.base import Backend, Proposal
from search.config import compose
from search.config.schema import Config
from search.pruners import Pruner, hyperband, median, none, percentile, successive_halving
from search.space.notation import parse_space
from search.space.space import Space, point_key
from search.study.restore import point_of
from search.tracking.reading import children, curves, find_study
from search.tracking.store.connection import open_store

RECORD = Path(__file__).parent / "seatac_grid.json"
EPOCHS, TRIALS = 30, 40
ALL_EPOCHS, MOST_TRIALS = TRIALS * EPOCHS, 3 * TRIALS
SWEEP = (
    *("dataset=giss", "model=dense", "space=[]", f"training.epochs={EPOCHS}", "pruner=none"),
    *("space.model.dense.layers={low: 0, high: 2}", "space.model.dense.units=[8,32,128]"),
    *("space.task.window_size={low: 12, high: 36, step: 12}", "transform.calendar=0"),
    *("space.training.optimizer=[sgd,adam]", "backend=optuna_grid", "study.trials=1000"),
    "space.training.learning_rate=[0.0001,0.0003,0.001,0.003,0.01,0.03]",
    *("study.name=grid", "study.finalists=0", "tracking.figures=none", "tracking.models=none"),
)
SAMPLERS = {"random search": optuna.random, "TPE": optuna.tpe}
PRUNERS: dict[str, Callable[[], Pruner]] = {
    "none": none,
    "median": partial(median, warmup=2),
    "percentile 33": partial(percentile, percentile=33.0, warmup=3, interval=5),
    "successive halving": partial(successive_halving, warmup=5, reduction_factor=2),
    "hyperband": partial(hyperband, warmup=5, reduction_factor=2),
}
Curves = dict[str, list[float]]
Floats = NDArray[np.float64]


@cache
def space_of_sweep() -> Space:
    """Returns the space that the sweep searches."""
    found: list[Config] = []
    compose.run([*SWEEP], lambda config: len(found.append(config) or ()))
    return parse_space(found[0])


def record(station: str) -> None:
    """Trains all points and writes their curves; the curve of a diverged trial may be empty."""
    space = space_of_sweep()
    with tempfile.TemporaryDirectory() as folder:
        place = f"dataset.source={Path(station).resolve()}"
        command = [sys.executable, "-m", "search", "sweep", *SWEEP, place]
        subprocess.run(command, cwd=folder, check=True)
        client = open_store(f"sqlite:///{folder}/mlruns/mlflow.db", create=False)
        runs = [r for r in children(client, find_study(client, "grid")) if r.kind == "trial"]
        lines = []
        for run in sorted(runs, key=lambda run: run.number):
            scores = [round(score, 4) for curve in curves(client, run) for score in curve]
            lines.append(json.dumps({"point": point_of(run.params, space), "curve": scores}))
    RECORD.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


@cache
def recorded_curves() -> Curves:
    """Returns the curve of each point."""
    held = json.loads(RECORD.read_text("utf-8"))
    return {point_key(entry["point"], None): entry["curve"] for entry in held}


@dataclass(frozen=True)
class Step:
    """The state of a replayed search after a trial: best score and total epochs so far."""

    best: float
    epochs: int


def replayed(backend: Backend, pruner: Pruner, recorded: Curves) -> Iterator[Step]:
    """Yields the steps of an endless search, trial by trial, as a study runs them."""
    best, epochs, number = np.inf, 0, 0
    ends: dict[str, tuple[str, float]] = {}
    while isinstance(proposal := backend.ask(number), Proposal):
        key = point_key(proposal.point, None)
        if key not in ends:
            ends[key], spent = _trained(number, pruner, recorded[key])
            epochs += spent
        state, score = ends[key]
        backend.tell(number, state, None if state == "failed" else score)
        best = min(best, score) if state == "complete" else best
        number += 1
        yield Step(float(best), epochs)


def _trained(number: int, pruner: Pruner, curve: list[float]) -> tuple[tuple[str, float], int]:
    """Returns the state and score of a trial, and its number of epochs."""
    pruner.start(number)
    if len(curve) < EPOCHS:  # it diverged
        pruner.end(number, "failed", None)
        return ("failed", np.inf), len(curve)
    for epoch, score in enumerate(curve):
        if pruner.active and pruner.should_stop(number, epoch, score):
            pruner.end(number, "pruned", score)
            return ("pruned", score), epoch + 1
    pruner.end(number, "complete", curve[-1])
    return ("complete", curve[-1]), len(curve)


def build(sampler: str, seed: int) -> Backend:
    """Returns a backend that searches the space with an Optuna sampler."""
    return SAMPLERS[sampler](space_of_sweep(), epochs=EPOCHS, seed=seed, restored=0)


def best_of(sampler: str, seed: int) -> float:
    """Returns the best score of the first `TRIALS` trials without a pruner."""
    steps = replayed(build(sampler, seed), none(), recorded_curves())
    return next(step.best for number, step in enumerate(steps, 1) if number == TRIALS)


def epochs_to(goal: float, sampler: str, pruner: str, seed: int) -> int:
    """Returns the epochs until a search reaches `goal`, or all its epochs if it does not."""
    steps = replayed(build(sampler, seed), PRUNERS[pruner](), recorded_curves())
    # A repeated point costs no epochs, so the number of trials is limited too.
    for step in islice(steps, MOST_TRIALS):
        if step.best <= goal or step.epochs >= ALL_EPOCHS:
            return min(step.epochs, ALL_EPOCHS)
    return ALL_EPOCHS


def interval(values: Floats) -> tuple[float, float]:
    """Returns the 95 % bootstrap interval of the mean."""
    draws = np.random.default_rng(0).choice(values, (2000, len(values))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    """Replays the searches and prints the table; records the curves first with --record."""
    arguments = parser(__doc__)
    arguments.add_argument("--record", metavar="STATION")
    arguments.add_argument("--repetitions", type=int, default=200)
    options = arguments.parse_args()
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    if options.record:
        record(options.record)
    seeds = range(options.repetitions)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        best = {
            sampler: np.array([*pool.map(partial(best_of, sampler), seeds, chunksize=5)])
            for sampler in SAMPLERS
        }
        shares = {
            (sampler, pruner): np.array(
                [*pool.map(partial(epochs_to, goal, sampler, pruner), seeds, chunksize=5)]
            )
            / ALL_EPOCHS
            for sampler, goal in goals(best).items()
            for pruner in PRUNERS
        }
    report(section(best, shares), write=options.write)


def goals(best: Mapping[str, Floats]) -> dict[str, float]:
    """Returns the median best score of each sampler without a pruner."""
    return {sampler: float(np.median(scores)) for sampler, scores in best.items()}


def section(best: Mapping[str, Floats], shares: Mapping[tuple[str, str], Floats]) -> Section:
    """Returns the table: the scores of each sampler and its epochs with each pruner."""
    recorded = recorded_curves()
    least = min(curve[-1] for curve in recorded.values() if len(curve) == EPOCHS)
    random, tpe = best.values()
    low, high = interval(random - tpe)
    goal = goals(best)
    rows = [
        [
            *(sampler, pruner, f"{goal[sampler]:.3f} °C"),
            *(f"{np.median(share):.0%}", f"{share.mean():.0%}"),
            "{:.0%} to {:.0%}".format(*interval(share)),
        ]
        for (sampler, pruner), share in shares.items()
    ]
    columns = (
        *("search", "pruner", "goal", f"epochs to the goal (of {ALL_EPOCHS}): median"),
        *("mean", "95 % interval of the mean"),
    )
    notes = (
        f"The goal is the median best score of the search after {TRIALS} trials of {EPOCHS} epochs "
        f"without a pruner; the best of the {len(recorded)} points has {least:.3f} °C. A search "
        "that does not reach the goal counts with all its epochs.",
        f"After {TRIALS} trials, the mean best score is {random.mean():.4f} °C for random search "
        f"and {tpe.mean():.4f} °C for TPE, which is better by {(random - tpe).mean():.4f} °C "
        f"(95 % interval {low:+.4f} to {high:+.4f}, over {len(tpe)} repetitions).",
    )
    return Section("search", columns, rows, notes)


if __name__ == "__main__":
    main()
