"""Measures how the cost of a study grows: python -m benchmarks.growth [--trials N] [--tpe N]

Trials: a study whose trials take no time, with the random backend and with TPE, in one store each;
the benchmark measures each trial, finishing the study and resuming it, in seconds.
Series: reading, cutting windows, scoring the baselines and an epoch, for 1,000 to 1,000,000 steps.
Windows: the same for windows of 10 to 1,000 steps. Draws docs/images/growth_trials.png and
growth_sizes.png.

The default takes about 12 minutes; --trials 10000 --tpe 10000 takes about an hour.
"""

import contextlib
import os
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.instant import Coordination, coordination
from benchmarks.table import Section, parser, report
from search.engine.environment import prepare_process
from search.plots import style

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
BACKENDS = {"random": "optuna_random", "TPE": "optuna"}
# Lengths of the series and window sizes; while one varies, the other is short.
STEPS = (1_000, 10_000, 100_000, 1_000_000)
WINDOWS = (10, 30, 100, 300, 1_000)
SHORT_WINDOW, SHORT_SERIES = 20, 10_000
PARTS = ("reading", "windows", "baselines", "epoch")
_SHOWN = 50  # trials per point of the curve, which is their median
# Seconds of each part, by size.
Sizes = dict[int, dict[str, float]]


def studies(trials: int, name: str) -> tuple[Coordination, Coordination]:
    """Runs a study of trivial trials, then resumes it for one more; returns the times of both."""
    words = (f"backend={BACKENDS[name]}",)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return coordination(trials, *words), coordination(trials + 1, *words)


def parts(steps: int, window_size: int) -> dict[str, float]:
    """Returns the seconds that each part of a study takes on one series."""
    from benchmarks.recipes import composed
    from datasets import load
    from search.backends.base import Proposal
    from search.baselines.scoring import score_baselines
    from search.space.space import Space
    from search.study.planning import Planner
    from search.trial.data import fold_data, folds_of, visible
    from search.trial.trial import run_trial

    config = composed(
        *("dataset=synthetic", "model=dense", "space=[]", "training.batch_size=256"),
        *(f"dataset.steps={steps}", f"task.window_size={window_size}", "training.epochs=2"),
        *("task.validation=200", "task.test=0", "tracking.models=none"),
    )
    found: dict[str, float] = {}

    @contextlib.contextmanager
    def timed(part: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        found[part] = time.monotonic() - started

    with timed("reading"):
        series = load(config.dataset)
    with timed("windows"):
        fold_data(visible(series, config.task), folds_of(series, config.task)[0], config)
    with timed("baselines"):
        baselines = score_baselines(series, config.task)
    planner = Planner(config, Space(()), series.digest, baselines)
    plan = planner.plan(0, Proposal({}), seed=0, title="")
    ends: list[float] = []

    def report_epoch(_: Any) -> None:
        ends.append(time.monotonic())

    result = run_trial(plan, report_epoch)
    if result.state != "complete":
        raise SystemExit(f"trial {result.state}: {result.reason}")
    found["epoch"] = ends[1] - ends[0]  # the first epoch also traces the graph
    return found


def drawn_trials(found: dict[str, Coordination]) -> Figure:
    """Returns a figure of the time per trial by its number."""
    figure, axes = style.new_figure(
        [["all"]], 4.2, title="Cost of a trivial trial: ask, tell and log", bottom=0.55
    )
    panel = axes["all"]
    colors = dict(zip(BACKENDS, (style.MODEL, style.BASELINE), strict=True))
    for name, each in found.items():
        number, median = smoothed(each.trials)
        panel.plot(number, 1000 * median, color=colors[name], label=name)
    panel.set_ylim(bottom=0)
    style.label(panel, x="earlier trials", y="ms per trial")
    style.legend(panel)
    return figure


def smoothed(seconds: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the mean number and the median time of groups of consecutive trials."""
    size = max(1, min(_SHOWN, len(seconds) // 10))
    count = len(seconds) // size
    median = np.median(seconds[: count * size].reshape(count, size), axis=1)
    return size * (np.arange(count) + 0.5), median.astype(np.float64)


def drawn_sizes(by_steps: Sizes, by_window: Sizes) -> Figure:
    """Returns a figure of the parts by the length of the series and by the window size."""
    figure, axes = style.new_figure(
        [["steps", "window"]], 4.2, title="Cost of a study by its series", bottom=0.55, gap=0.8
    )
    colors = (style.ACTUAL, style.BEST, style.BASELINE, style.MODEL)
    for name, sizes, title in (
        ("steps", by_steps, "steps of the series"),
        ("window", by_window, f"window size ({SHORT_SERIES:,} steps)"),
    ):
        panel = axes[name]
        panel.set_xscale("log")
        panel.set_yscale("log")
        for part, color in zip(PARTS, colors, strict=True):
            seconds = [max(each[part], 1e-4) for each in sizes.values()]
            panel.plot(list(sizes), seconds, "o-", color=color, markersize=4, label=part)
        style.label(panel, x=title, y="seconds")
    style.shared_legend(figure, *axes.values())
    return figure


def by_trials(trials: int, tpe: int, *, write: bool) -> Section:
    """Runs the studies, draws their figure and returns their table."""
    wanted = {"random": trials, "TPE": tpe}
    found = {name: studies(count, name) for name, count in wanted.items() if count}
    rows = []
    for name, (study, again) in found.items():
        few = min(100, max(1, len(study.trials) // 10))
        first, last = study.trials[:few].mean(), study.trials[-few:].mean()
        rows.append(
            (
                *(name, f"{len(study.trials) + 1:,}", f"{few}"),
                *(f"{1000 * value:.0f} ms" for value in (study.trials.mean(), first, last)),
                *(f"{last / first:.2f}", f"{study.end:.1f} s", f"{again.begin:.1f} s"),
            )
        )
    if write:
        _draw("growth_trials", drawn_trials({name: one for name, (one, _) in found.items()}))
    columns = (
        *("backend", "trials", "N", "mean per trial", "first N", "last N", "last / first"),
        *("finishing", "resuming"),
    )
    return Section("growth_trials", columns, rows)


def by_sizes(longest: int, *, write: bool) -> Section:
    """Measures the parts, draws their figure and returns their table."""
    prepare_process(1)
    parts(STEPS[0], SHORT_WINDOW)  # the first call imports and sets up TensorFlow
    by_steps = {steps: parts(steps, SHORT_WINDOW) for steps in STEPS if steps <= longest}
    by_window = {window: parts(SHORT_SERIES, window) for window in WINDOWS}
    sizes = {f"{n:,} steps": each for n, each in by_steps.items()}
    sizes |= {f"windows of {n:,}": each for n, each in by_window.items()}
    rows = [(size, *(f"{each[part]:.3f} s" for part in PARTS)) for size, each in sizes.items()]
    if write:
        _draw("growth_sizes", drawn_sizes(by_steps, by_window))
    notes = [
        f"Windows of {SHORT_WINDOW} steps for all lengths; {SHORT_SERIES:,} steps for all windows."
    ]
    return Section("growth_sizes", ("size", *PARTS), rows, notes)


def _draw(name: str, figure: Figure) -> None:
    (IMAGES / f"{name}.png").write_bytes(style.to_png(figure))


def arguments() -> ArgumentParser:
    """Returns the parser of this command."""
    made = parser(__doc__)
    made.add_argument(
        "--trials", type=int, default=3000, help="trials with the random backend; 0: none"
    )
    made.add_argument("--tpe", type=int, default=2000, help="trials with TPE; 0: none")
    made.add_argument(
        "--steps", type=int, default=STEPS[-1], help="length of the longest series; 0: none"
    )
    return made


def main() -> None:
    """Runs the benchmark, prints its tables and, with --write, writes them and the figures."""
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    options = arguments().parse_args()
    if options.trials or options.tpe:
        report(by_trials(options.trials, options.tpe, write=options.write), write=options.write)
    if options.steps:
        report(by_sizes(options.steps, write=options.write), write=options.write)


if __name__ == "__main__":
    main()
