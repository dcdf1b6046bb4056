"""Scores a recorded trial on the test block with fresh seeds, beside the baselines.

Nothing else reads that block; how often it was read stands beside the scores.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from datasets import Series
from search.errors import BadInput
from search.retraining.fresh_seeds import train_plans
from search.retraining.recorded_run import RecordedRun
from search.seeds import EVALUATION, derived
from search.study.baselines import (
    Baseline,
    score_baselines,
    skill_ends,
)
from search.study.callback import Observe
from search.tracking import names
from search.tracking.reading import Record, count_test_reads
from search.trial.data import TEST
from search.trial.result import Result


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


def evaluate(recorded: RecordedRun, observe: Observe, *, epochs: int | None = None) -> Evaluation:
    """Trains on all before the test block, scores it there and logs that as a run of its own.

    Args:
        recorded: with as many executions as there shall be seeds.
        observe: opens what shows the trainings.
        epochs: of each training; None trains as long as the trial did.

    Raises:
        BadInput: the study keeps no test block, or the training failed.
    """
    record, config, series = recorded.record, recorded.config, recorded.series
    if not config.task.test:
        raise BadInput(
            f"study {record.study} keeps no test block: task.test is 0\n"
            "sweep again with task.test=… to have one that no trial has seen"
        )
    baselines = score_baselines(series, config.task, TEST)
    best = baselines[0]
    seed = derived(config.study.seed, record.number, EVALUATION)
    plan = replace(recorded.plan(TEST, baselines, seed=seed, title="fresh seeds"), epochs=epochs)
    reads = count_test_reads(recorded.client, series.digest) + 1
    ledger = recorded.ledger
    tags = {names.EVALUATES: record.run_id, names.TEST_READS: str(reads)}
    run_id = ledger.start_again("evaluation", plan, tags)
    metrics = {f"test/baseline/{baseline.name}/mae": baseline.mae for baseline in baselines}
    metrics["test/reads"] = float(reads)
    with ExitStack() as stack:
        stack.callback(ledger.lose_if_open, run_id, "interrupted")
        (result,) = train_plans([plan], config, observe, unit=series.unit)
        if result.state == "complete":
            metrics |= skill_ends(result, best)
        ledger.end_trial(run_id, result, best.mae, ledger.now(), metrics)
    if result.state != "complete":
        raise BadInput(f"run {record.run_id} cannot be trained again: {result.reason}")
    metrics |= result.metrics(best.mae)
    return Evaluation(record, run_id, series, result, metrics, baselines, reads)
