"""Scores a recorded trial on the test block with fresh seeds, beside the baselines.

Nothing else reads that block; how often it was read stands beside the scores.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from rich.table import Table

from datasets import Series
from datasets.frequency import shown
from search.again.fresh import train_now
from search.again.recall import Recalled
from search.baselines import Baseline, score_baselines, skill_ends
from search.data import TEST
from search.errors import BadInput
from search.leaderboard import interval, quantity
from search.result import Result
from search.seeds import EVALUATION, derived
from search.tables import new_table
from search.tracking import names
from search.tracking.reading import Record, count_test_reads


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A trial on the test block, beside the baselines.

    Attributes:
        result: the executions, one a fresh seed.
        metrics: of the net, by their MLflow names.
        baselines: on the same targets, best first.
        reads: how often the block has been read, this time included.
    """

    record: Record
    run_id: str
    series: Series
    result: Result
    metrics: dict[str, float]
    baselines: Sequence[Baseline]
    reads: int

    @property
    def seeds(self) -> int:
        """How many fresh seeds the scores are over."""
        return len(self.result.executions)

    @property
    def wins(self) -> bool:
        """Whether the net beats the best baseline."""
        return self.metrics["test/mae"] < self.baselines[0].mae


def evaluated(recalled: Recalled, *, epochs: int | None = None, quiet: bool) -> Evaluation:
    """Trains on all before the test block, scores it there and logs that as a run of its own.

    Args:
        recalled: with as many executions as there shall be seeds.
        epochs: of each training; None trains as long as the trial did.
        quiet: whether to show nothing on the way.

    Raises:
        BadInput: the study keeps no test block, or the training failed.
    """
    record, config, series = recalled.record, recalled.config, recalled.series
    if not config.task.test:
        raise BadInput(
            f"study {record.study} keeps no test block: task.test is 0\n"
            "sweep again with task.test=… to have one that no trial has seen"
        )
    baselines = score_baselines(series, config.task, TEST)
    best = baselines[0]
    seed = derived(config.study.seed, record.number, EVALUATION)
    plan = replace(recalled.plan(TEST, baselines, seed=seed, title="fresh seeds"), epochs=epochs)
    reads = count_test_reads(recalled.client, series.digest) + 1
    ledger = recalled.ledger
    tags = {names.EVALUATES: record.run_id, names.TEST_READS: str(reads)}
    run_id = ledger.start_again("evaluation", plan, tags)
    metrics = {f"test/baseline/{baseline.name}/mae": baseline.mae for baseline in baselines}
    metrics["test/reads"] = float(reads)
    with ExitStack() as stack:
        stack.callback(ledger.lose_if_open, run_id, "interrupted")
        (result,) = train_now([plan], config, unit=series.unit, quiet=quiet)
        if result.state == "complete":
            metrics |= skill_ends(result, best)
        ledger.end_trial(run_id, result, best.mae, ledger.now(), metrics)
    if result.state != "complete":
        raise BadInput(f"run {record.run_id} cannot be trained again: {result.reason}")
    metrics |= result.metrics(best.mae)
    return Evaluation(record, run_id, series, result, metrics, baselines, reads)


def verdict(found: Evaluation) -> str:
    """Returns one sentence: whether the net beats the best baseline, and by how much."""
    unit, best = found.series.unit, found.baselines[0]
    figures = {name.removeprefix("test/"): value for name, value in found.metrics.items()}
    return (
        f"{found.record.name} {'beats' if found.wins else 'DOES NOT BEAT'} the best baseline "
        f"({best.name.replace('_', ' ')}): test MAE {quantity(figures['mae'], unit)} "
        f"± {figures['mae_std']:.3f} over {found.seeds} fresh seeds against "
        f"{quantity(best.mae, unit)}, skill {figures['skill']:+.1%}{interval(figures)}."
    )


def reading(found: Evaluation) -> str:
    """Returns one sentence: which steps the test block has, and how often it was read."""
    steps = len(found.baselines[0].forecast) + found.baselines[0].forecast.shape[1] - 1
    first, last = found.series.timestamps[-steps], found.series.timestamps[-1]
    times = "once" if found.reads == 1 else f"{found.reads} times"
    return (
        f"Test block: {shown(first)} to {shown(last)}, {steps} steps; read {times} in this store."
    )


def table(found: Evaluation) -> Table:
    """Returns the net and the baselines, best first."""
    made = new_table()
    made.add_column("on the test block")
    for heading in (f"MAE {found.series.unit}".strip(), "skill", "RMSE", "MASE"):
        made.add_column(heading, justify="right")
    entries = [
        (baseline.mae, baseline.name.replace("_", " "), baseline.metrics, "dim")
        for baseline in found.baselines
    ]
    entries.append((found.metrics["test/mae"], found.record.name, found.metrics, ""))
    for mae, name, metrics, style in sorted(entries, key=lambda entry: entry[0]):
        spread = f" ± {metrics['test/mae_std']:.3f}" if "test/mae_std" in metrics else ""
        made.add_row(
            name,
            f"{mae:.3f}{spread}",
            f"{metrics['test/skill']:+.1%}",
            f"{metrics['test/rmse']:.3f}",
            f"{metrics['test/mase']:.3f}",
            style=style,
        )
    return made
