"""Compares a step, logging and start-up with their limits: python -m benchmarks.limit

A training step. Every layer is matrix products, and a product of [m, k] and [k, n] takes 2 m k n
floating-point operations: a multiplication and an addition each. For B windows of W steps:

- Dense, I to O units, at P positions per window: 2 (B P) I O
- Conv1D, C to N filters, kernel K, L outputs that are used: 2 (B L) (K C) N, as a product over
  unrolled windows (Chellapilla et al., "High performance convolutional neural networks", 2006)
- SimpleRNN, F to U units: W times 2 B (F + U) U (Elman, "Finding structure in time", 1990)
- GRU: three times that, one for each gate and the candidate (Cho et al., 2014)
- LSTM: four times that (Hochreiter and Schmidhuber, 1997, with forget gates of Gers et al., 2000)

Training takes three times the forward pass: the backward pass has one product for the inputs and
one for the weights (Kaplan et al., "Scaling laws for neural language models", 2020, section 2.1).
Other operations (activations, the optimizer, shuffling) are not counted, so the ratio is never 1.

The machine's rate is that of NumPy's products of these sizes in one thread, the fastest of several.
The step is measured with `run_trial` in one thread, as the difference of two trainings: it excludes
tracing the graph and saving the model, but includes scoring after each epoch.

Logging: one trial in the ledger, compared with bare MlflowClient calls for the same content.
Start-up: the program, compared with `import tensorflow`.

It takes about 4 minutes.
"""

import os
import statistics
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.process import measured
from benchmarks.table import Section, parser, report
from search.engine.environment import environment

if TYPE_CHECKING:
    from search.config.schema import Config

# Recipes whose step is measured; its operations do not depend on the values of the series.
RECIPES = ("chapter_conv_search", "seatac_simple_rnn", "seatac_gru", "seatac_lstm")
GATES = {"simple_rnn": 1, "gru": 3, "lstm": 4}
_RATED = 0.1  # seconds for which a product is repeated


@dataclass(frozen=True)
class Product:
    """A product of [m, k] and [k, n] that a forward pass computes `times` times."""

    m: int
    k: int
    n: int
    times: int = 1

    @property
    def operations(self) -> int:
        """Floating-point operations of all `times` products."""
        return 2 * self.m * self.k * self.n * self.times


def products(config: "Config") -> Iterator[Product]:
    """Yields the products of a forward pass of the built-in forecaster."""
    import keras

    from search.config.signatures import call_builder

    batch, shape = config.training.batch_size, (config.task.window_size, 1)
    model = call_builder("model", config.model, input_shape=shape, horizon=config.task.horizon)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv1D):
            _, steps, filters = layer.output.shape
            yield Product(batch * steps, layer.kernel_size[0] * layer.input.shape[-1], filters)
        elif isinstance(layer, keras.layers.RNN):
            _, steps, size = layer.input.shape
            gates = GATES[config.model["recurrent"]["cell"]] * layer.units
            yield Product(batch * steps, size, gates)  # the inputs of all steps in one product
            yield Product(batch, layer.units, gates, times=steps)
        elif isinstance(layer, keras.layers.Dense):
            yield Product(batch, layer.input.shape[-1], layer.units)


def seconds_of(product: Product) -> float:
    """Returns the seconds that NumPy takes in one thread for a product and its two gradients."""
    import numpy as np

    random = np.random.default_rng(0)
    x, w, y = (
        random.normal(size=shape).astype(np.float32)
        for shape in (
            (product.m, product.k),
            (product.k, product.n),
            (product.m, product.n),
        )
    )
    dx, dw = np.empty_like(x), np.empty_like(w)
    once = [
        _fastest(lambda: np.matmul(x, w, out=y)),
        _fastest(lambda: np.matmul(y, w.T, out=dx)),
        _fastest(lambda: np.matmul(x.T, y, out=dw)),
    ]
    return product.times * sum(once)


def _fastest(call: Callable[[], object]) -> float:
    """Returns the seconds per call, in the fastest of several batches of calls."""
    best, until = float("inf"), time.perf_counter() + _RATED
    while time.perf_counter() < until:
        started = time.perf_counter()
        for _ in range(20):
            call()
        best = min(best, (time.perf_counter() - started) / 20)
    return best


def step_seconds(config: "Config", epochs: int) -> float:
    """Returns the seconds of a training step in a shortened training of the recipe."""
    from dataclasses import replace

    from search.backends.base import Proposal
    from search.study.preparation import prepare
    from search.trial.data import fold_data, folds_of, load_series, visible
    from search.trial.trial import run_trial

    prepared = prepare(config)
    plan = prepared.planner.plan(0, Proposal({}), seed=0, title="")
    series = load_series(config.dataset)
    data = fold_data(visible(series, config.task), folds_of(series, config.task)[0], config)
    steps = -(-len(data.train.y) // config.training.batch_size)

    def duration(count: int) -> float:
        result = run_trial(replace(plan, execution=0, epochs=count), lambda _: None)
        if result.state != "complete":
            raise SystemExit(f"trial {result.state}: {result.reason}\n{result.trace}")
        return result.duration

    return (duration(3 * epochs) - duration(epochs)) / (2 * epochs * steps)


def step_rows(source: Path, epochs: int) -> Iterator[list[str]]:
    """Yields a row for each recipe."""
    from benchmarks.recipes import composed

    for recipe in RECIPES:
        words = [f"experiment={recipe}"]
        if recipe.startswith("seatac"):
            words.append(f"dataset.source={source}")
        config = composed(*words, "space=[]", "pruner=none")
        made = [*products(config)]
        operations = 3 * sum(product.operations for product in made)
        least = sum(seconds_of(product) for product in made)
        step = step_seconds(config, epochs)
        yield [
            f"step of {recipe}",
            f"{operations / 1e6:.1f} Mflop at {operations / least / 1e9:.1f} Gflop/s: "
            f"{1000 * least:.3f} ms",
            f"{1000 * step:.3f} ms",
            f"{step / least:.1f}",
        ]


def logging_row(times: int) -> list[str]:
    """Returns the row for logging a trial, measured in turn with the bare calls."""
    with tempfile.TemporaryDirectory() as name:
        ledger, bare = _loggers(Path(name))
        took = [(_seconds(bare), _seconds(ledger)) for _ in range(times)]
    least, actual = (statistics.median(each) for each in zip(*took, strict=True))
    ratio = statistics.median(ledger / bare for bare, ledger in took)
    return ["logging a trial", f"{1000 * least:.0f} ms", f"{1000 * actual:.0f} ms", f"{ratio:.2f}"]


def _loggers(folder: Path) -> tuple[Callable[[], None], Callable[[], None]]:
    """Returns two functions that log a trial of 100 epochs and six files: ledger, bare calls."""
    import numpy as np
    from mlflow.entities import Metric, Param, RunTag

    from search.backends.base import Proposal
    from search.tracking.ledger import Ledger
    from search.tracking.metrics import points
    from search.tracking.store.connection import open_store
    from search.tracking.tags import StudyTags
    from search.trial.result import Epoch, Execution, Result

    client = open_store(f"sqlite:///{folder}/mlflow.db", create=True)
    location = (folder / "artifacts").as_uri()
    experiment = client.create_experiment("sweepcast/bench", artifact_location=location)
    parent = client.create_run(experiment).info.run_id
    ledger = Ledger(client, experiment, parent, StudyTags("bench", "grid", "0" * 64, None))
    point = {f"model.conv.value_{number}": number for number in range(11)}
    curve = tuple(Epoch(epoch, 1.0, 1.0, 1.0, 1.0, 1.0) for epoch in range(100))
    actual = np.zeros((461, 1))
    files = {f"file_{number}.png": bytes(40_000) for number in range(6)}
    execution = Execution(0, 0, curve, actual, actual + 1, {}, 1.0)
    result = Result(0, "complete", executions=(execution,), artifacts=files)

    def by_ledger() -> None:
        run = ledger.start_trial(0, Proposal(dict(point)), 0, "trial 0", ledger.now(), {})
        ledger.end_trial(run, result, 1.0, ledger.now())

    def by_client() -> None:
        tags = {**ledger.tags, "kind": "trial", "trial": "0", "mlflow.parentRunId": parent}
        run = client.create_run(experiment, run_name="trial 0", tags=tags).info.run_id
        client.log_batch(run, params=[Param(key, str(value)) for key, value in point.items()])
        metrics: list[Metric] = points(result, 1.0, ledger.now())
        client.log_batch(run, metrics=metrics, tags=[RunTag("state", "complete")])
        with tempfile.TemporaryDirectory() as place:
            for name, content in files.items():
                Path(place, name).write_bytes(content)
            client.log_artifacts(run, place)
        client.set_terminated(run)

    return by_ledger, by_client


def _seconds(call: Callable[[], None]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


def start_rows(times: int) -> Iterator[list[str]]:
    """Yields the rows for start-up."""
    ways: dict[str, Callable[[], float]] = {
        "sweepcast --help": lambda: _command("search", "--help"),
        "sweep, until its first trial": _to_first_trial,
    }
    took = [(_tensorflow(), *(way() for way in ways.values())) for _ in range(times)]
    least, *actual = (statistics.median(each) for each in zip(*took, strict=True))
    for number, (name, seconds) in enumerate(zip(ways, actual, strict=True), start=1):
        ratio = statistics.median(each[number] / each[0] for each in took)
        yield [f"{name}", f"import tensorflow {least:.1f} s", f"{seconds:.1f} s", f"{ratio:.2f}"]


def _command(*words: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return measured(words, Path(folder)).seconds


def _tensorflow() -> float:
    """Returns the seconds of a process that only imports TensorFlow."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "imports.py").write_text("import tensorflow\n", encoding="utf-8")
        return measured(["imports"], Path(folder)).seconds


def _to_first_trial() -> float:
    """Returns the seconds from the command of a new study to the start of its first trial."""
    from search.tracking.reading import children, find_study
    from search.tracking.store.connection import open_store

    words = ("search", "sweep", "model=dense", "training.epochs=1", "study.trials=1")
    with tempfile.TemporaryDirectory() as folder:
        started = time.time()
        measured([*words, "study.finalists=0"], Path(folder))
        client = open_store(f"sqlite:///{folder}/mlruns/mlflow.db", create=False)
        runs = children(client, find_study(client, None))
        return min(run.started for run in runs if run.kind == "trial") / 1000 - started


def section(giss: Path | None, epochs: int, times: int) -> Section:
    """Runs the benchmark and returns the table."""
    from benchmarks.recipes import station

    with station(giss) as source:
        rows = [*step_rows(source, epochs)]
    rows += [logging_row(10 * times), *start_rows(times)]
    return Section("limit", ("measurement", "limit", "Sweepcast", "ratio"), rows)


def arguments() -> ArgumentParser:
    """Returns the parser of this command."""
    made = parser(__doc__)
    made.add_argument("--giss", type=Path, help="file of a station")
    made.add_argument("--epochs", type=int, default=20, help="epochs of the shorter training")
    made.add_argument("--times", type=int, default=3, help="measurements of each start-up")
    return made


def main() -> None:
    """Runs the benchmark, prints its table and, with --write, writes it."""
    options = arguments().parse_args()
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    os.environ.update(environment(threads=1))  # before NumPy and TensorFlow are imported
    report(section(options.giss, options.epochs, options.times), write=options.write)


if __name__ == "__main__":
    main()
