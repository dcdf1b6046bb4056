"""Compares Sweepcast with the chapter's and an expert's code: python -m benchmarks.chapter

All approaches use the same points, executions, epochs and data; each round runs them in turn. A
command is timed from its start to its end, which includes the leaderboard. Ratios are computed in
each round; the table shows the medians.

The Conv1D search of 18 points takes about 45 minutes per round, 30 of them for the chapter's code.
The SimpleRNN search at 100 epochs takes 20 minutes; those of GRU and LSTM take longer. Because the
chapter's code trains one model after another, --chapter-trials and --chapter-epochs make it train
only a part; the table then compares the time per trial instead of the searches. With `--epochs 1000
--chapter-trials 1 --chapter-epochs 100`, SimpleRNN takes 20 minutes, GRU and LSTM 50 each.
`--points 4 --rounds 1 --trials 0` takes about 10 minutes.
"""

import json
import statistics
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.process import Measured, measured
from benchmarks.recipes import composed, station
from benchmarks.table import Section, parser, report
from search.trial.data import folds_of, load_series, visible

CONV = "chapter_conv_search"
CELLS = ("simple_rnn", "gru", "lstm")
CET = "cet_simple_rnn"
# The chapter's grid: first all models with stride 1, then 2, then 3.
POINTS = [
    {"filters": filters, "kernel_size": kernel_size, "strides": strides}
    for strides, filters, kernel_size in product((1, 2, 3), (128, 192, 256), (3, 6, 9))
]
RATES = (5e-7, 1e-6, 1.5e-6, 3e-6, 6e-6, 1e-5, 2e-5, 4e-5)
WORKERS = 2
COLUMNS = (
    *("search", "approach", "time", "trials per hour", "CPU time", "memory", "best MAE"),
    *("speed-up over chapter", "speed-up over expert"),
)
CHAPTER, USER = "chapter", "expert"


@dataclass(frozen=True)
class Done:
    """A finished search.

    Attributes:
        took: time, CPU time and memory of its command.
        trials: number of trained trials; one with fewer epochs than the others is a fraction.
        mae: validation MAE of the best trial.
    """

    took: Measured
    trials: float
    mae: float


# Runs a search in an empty folder; gets the results of the approaches before it in this round.
Way = Callable[[Path, Mapping[str, Done]], Done]


def sweep(folder: Path, trials: int, *words: str) -> Done:
    """Runs a study of `trials` trials on two workers."""
    took = measured(
        [
            *("search", "sweep", *words, f"study.trials={trials}", "study.finalists=0"),
            f"engine.workers={WORKERS}",
        ],
        folder,
    )
    board = json.loads(measured(["search", "leaderboard", "--json"], folder).out)
    done = [row for row in board["rows"] if row["kind"] == "trial"]
    scores = [row["validation/mae"] for row in done if row["state"] == "complete"]
    return Done(took, len(done), min(scores))


def script(folder: Path, name: str, trials: float, series: Any, *words: str) -> Done:
    """Runs one of the other approaches, which prints its best score last."""
    np.save(folder / "series.npy", series)
    took = measured([f"benchmarks.ways.{name}", "series.npy", *words], folder)
    return Done(took, trials, float(took.out.split()[-1]))


def conv_ways(points: int, executions: int, epochs: int) -> dict[str, Way]:
    """Returns the approaches to the chapter's Conv1D search, by name."""
    chosen = POINTS[:points]
    recipe = composed(f"experiment={CONV}")
    series = load_series(recipe.dataset).values[:, 0]
    given = (json.dumps(chosen), str(executions), str(epochs))
    queue = [{f"model.conv.{name}": value for name, value in point.items()} for point in chosen]
    words = (
        *(f"experiment={CONV}", "backend=optuna_grid", f"study.executions={executions}"),
        *(f"training.epochs={epochs}", f"study.enqueue={json.dumps(queue).replace(chr(34), '')}"),
    )
    return {
        CHAPTER: lambda folder, _: script(folder, "chapter_conv", points, series, *given),
        USER: lambda folder, _: script(folder, "threads_conv", points, series, *given),
        "Sweepcast": lambda folder, _: sweep(folder, points, *words),
        "Sweepcast, with pruner": lambda folder, _: sweep(folder, points, *words, "pruner=median"),
        "Sweepcast, with pruner, until the chapter's MAE": lambda folder, others: sweep(
            *(folder, points, *words, "pruner=median", f"study.target={others[CHAPTER].mae}")
        ),
    }


def recurrent_ways(
    recipe: str,
    source: Path,
    trials: int,
    epochs: int,
    *,
    chapter_trials: int | None = None,
    chapter_epochs: int | None = None,
) -> dict[str, Way]:
    """Returns the approaches to a search over the learning rate of a recipe's recurrent model.

    Args:
        recipe: name of the experiment.
        source: file of its series.
        trials: number of learning rates.
        epochs: epochs of each trial.
        chapter_trials: number of learning rates that the chapter's code trains; None for all.
        chapter_epochs: epochs of each of these trials; None for all.
    """
    words = (f"experiment={recipe}", f"dataset.source={source}")
    config = composed(*words)
    read = load_series(config.dataset)
    seen = visible(read, config.task)
    rates = RATES[:trials]
    by_chapter = rates[:chapter_trials]
    chapter_epochs = chapter_epochs or epochs
    block = config.model["recurrent"]
    options = {
        "cell": block["cell"],
        "units": block["units"],
        "window_size": config.task.window_size,
        "batch_size": config.training.batch_size,
        "momentum": config.training.momentum,
        "split": folds_of(read, config.task)[0].train_stop,
        "epochs": chapter_epochs,
        "rates": by_chapter,
    }
    series, given = seen.values[:, seen.target], json.dumps(options)
    more = (
        *(f"space.training.learning_rate={[*rates]}".replace(" ", ""), "backend=optuna_grid"),
        *("pruner=none", f"training.epochs={epochs}"),
    )
    return {
        CHAPTER: lambda folder, _: script(
            *(folder, "chapter_recurrent", len(by_chapter) * chapter_epochs / epochs),
            *(series, given),
        ),
        "Sweepcast": lambda folder, _: sweep(folder, len(rates), *words, *more),
    }


def rounds_of(
    name: str, ways: Mapping[str, Way], rounds: int, *, by_trial: bool = False
) -> Iterator[list[str]]:
    """Yields a table row for each approach, measured in turn; compares searches or trials."""
    found: list[dict[str, Done]] = []
    for number in range(rounds):
        found.append({})
        for way, run in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                found[-1][way] = done = run(Path(folder), found[-1])
            summary = f"{name}, {way}: {done.took.seconds:.0f} s, MAE {done.mae:.3f}"
            print(f"round {number + 1} of {rounds}: {summary}", file=sys.stderr)  # noqa: T201
    for way in ways:
        took = [each[way].took for each in found]
        seconds = statistics.median(one.seconds for one in took)
        yield [
            name,
            way,
            f"{seconds:.0f} s",
            f"{found[0][way].trials / seconds * 3600:.0f}",
            f"{statistics.median(one.cpu for one in took):.0f} s",
            f"{statistics.median(one.peak for one in took):.0f} MB",
            f"{statistics.median(each[way].mae for each in found):.3f}",
            *(_ratio(found, way, other, by_trial=by_trial) for other in (CHAPTER, USER)),
        ]


def _ratio(found: Sequence[Mapping[str, Done]], way: str, other: str, *, by_trial: bool) -> str:
    if way == other or other not in found[0]:
        return ""

    def seconds(done: Done) -> float:
        return done.took.seconds / (done.trials if by_trial else 1)

    ratios = (seconds(each[other]) / seconds(each[way]) for each in found)
    return f"{statistics.median(ratios):.1f}"


def sections(options: Namespace) -> Iterator[Section]:
    """Measures and yields a table of the Conv1D search and one of the recurrent models."""
    medians = f"Medians of {options.rounds} rounds. " if options.rounds > 1 else ""
    memory = "Memory is the largest sum over all processes; shared memory counts once."
    if options.points:
        ways = conv_ways(options.points, options.executions, options.epochs)
        rows = [*rounds_of(f"{CONV}, {options.points} points", ways, options.rounds)]
        done = f"{options.executions} executions per point, {options.epochs} epochs."
        yield Section("chapter_conv", COLUMNS, rows, [f"{medians}{done} {memory}"])
    if options.trials:
        rows = [*recurrent_rows(options)]
        compared = ""
        if options.chapter_trials or options.chapter_epochs:
            compared = (
                f"The chapter's code trains {options.chapter_trials or options.trials} of "
                f"{options.trials} models, the lowest rates first, for "
                f"{options.chapter_epochs or 'all'} epochs, and its MAE is that of these models: "
                "the table compares trials, not searches. "
            )
        data = "" if options.giss else "Synthetic months instead of a station's. "
        yield Section("chapter_recurrent", COLUMNS, rows, [f"{medians}{compared}{data}{memory}"])


def recurrent_rows(options: Namespace) -> Iterator[list[str]]:
    """Measures and yields the rows of the recurrent models."""
    with station(options.giss) as months:
        searches = [(f"seatac_{cell}", months, options.epochs) for cell in options.cells]
        if options.cet is not None:
            searches.append((CET, options.cet.resolve(), options.cet_epochs))
        for recipe, source, epochs in searches:
            ways = recurrent_ways(
                *(recipe, source, options.trials, epochs),
                chapter_trials=options.chapter_trials,
                chapter_epochs=options.chapter_epochs,
            )
            name = f"{recipe}, {epochs} epoch{'s' if epochs > 1 else ''}"
            yield from rounds_of(name, ways, options.rounds, by_trial=True)


def arguments() -> ArgumentParser:
    """Returns the parser of this command."""
    made = parser(__doc__)
    made.add_argument("--points", type=int, default=18, help="points of the Conv1D search; 0: none")
    made.add_argument("--executions", type=int, default=3)
    made.add_argument("--epochs", type=int, default=100)
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--trials", type=int, default=8, help="learning rates; 0: none")
    made.add_argument(
        "--chapter-trials", type=int, help="learning rates of the chapter's code; default: all"
    )
    made.add_argument(
        "--chapter-epochs", type=int, help="epochs of the chapter's recurrent models; default: all"
    )
    made.add_argument("--cells", nargs="*", choices=CELLS, default=CELLS)
    made.add_argument("--giss", type=Path, help="file of a station")
    made.add_argument("--cet", type=Path, help="file of Central England; default: none")
    made.add_argument("--cet-epochs", type=int, default=1)
    return made


def main() -> None:
    """Runs the benchmark, prints its tables and, with --write, writes them."""
    options = arguments().parse_args()
    for section in sections(options):
        report(section, write=options.write)


if __name__ == "__main__":
    main()
