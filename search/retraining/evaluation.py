"""Scores a recorded trial on the test block with fresh seeds, next to the baselines.

Nothing else reads that block. The number of reads is logged with the scores.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from datasets import Series
from search.baselines.scoring import Baseline, ranked
from search.baselines.skill import skill_ends
from search.baselines.textbook import all_baselines
from search.errors import BadInput
from search.retraining.ensemble.recorded import RecordedEnsemble
from search.retraining.fresh_seeds import train_plans
from search.retraining.recorded_run import Recorded, RecordedRun
from search.seeds import EVALUATION
from search.study.callback import Observe
from search.tracking import names
from search.tracking.reading import Record, count_test_reads
from search.trial.data import TEST
from search.trial.result import Result


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The scores of a trial and of the baselines on the test block.

    Attributes:
        result: result with one execution per fresh seed.
        metrics: metrics of the model, by their MLflow names.
        baselines: baselines on the same targets, best first.
        rival: baseline to beat: the best one on the validation block, because the best one on
            the test block is known only in hindsight.
        reads: number of times the block has been read, including this time.
        seeds: number of fresh seeds; an ensemble averages the forecasts of those of each trial.
    """

    record: Record
    run_id: str
    series: Series
    result: Result
    metrics: dict[str, float]
    baselines: Sequence[Baseline]
    rival: Baseline
    reads: int
    seeds: int

    @property
    def wins(self) -> bool:
        """Whether the model beats the baseline to beat."""
        return self.metrics["test/mae"] < self.rival.mae


def evaluate(recorded: RecordedRun | RecordedEnsemble, observe: Observe) -> Evaluation:
    """Retrains a run on everything before the test block, scores it there and logs the result.

    Args:
        recorded: the run, with one execution per fresh seed.
        observe: opens the display of the trainings.

    Raises:
        BadInput: the study has no test block, or the training failed.
    """
    record, config, series = recorded.record, recorded.config, recorded.series
    if not config.task.test:
        raise BadInput(
            f"study {record.study} has no test block: task.test is 0\n"
            "run a new sweep with task.test=… to set aside a block that no trial sees"
        )
    baselines = all_baselines(series, config.task, config.baselines, TEST)
    rival = rival_of(recorded, baselines)
    baselines = ranked(baselines, TEST, against=rival.name)
    others = [one for one in baselines if one.name != rival.name]
    plans = recorded.plans(TEST, [rival, *others], EVALUATION, "fresh seeds")
    reads = count_test_reads(recorded.client, series.digest) + 1
    ledger = recorded.ledger
    tags = {names.EVALUATES: record.run_id, names.TEST_READS: str(reads)}
    run_id = recorded.begin("evaluation", plans, tags)
    metrics = {f"test/baseline/{baseline.name}/mae": baseline.mae for baseline in baselines}
    metrics["test/reads"] = float(reads)
    with ExitStack() as stack:
        stack.callback(ledger.lose_if_open, run_id, "interrupted")
        results = train_plans(plans, config, observe, unit=series.unit)
        result = recorded.result(results, [rival, *others], TEST)
        if result.state == "complete":
            metrics |= skill_ends(result, rival)
        ledger.end_trial(run_id, result, rival.mae, ledger.now(), metrics)
    if result.state != "complete":
        raise BadInput(f"retraining run {record.run_id} failed: {result.reason}")
    metrics |= result.metrics(rival.mae)
    seeds = recorded.seeds
    return Evaluation(record, run_id, series, result, metrics, baselines, rival, reads, seeds)


def rival_of(recorded: Recorded, baselines: Sequence[Baseline]) -> Baseline:
    """Returns the baseline that the study of a run scored best on the validation block."""
    by_name = {one.name: one for one in baselines}
    scored = (name for name in recorded.validated_baselines if name in by_name)
    return by_name[next(scored, baselines[0].name)]
