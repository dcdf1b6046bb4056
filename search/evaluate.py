"""Scores a trial on the test block with fresh seeds: `sweepcast evaluate RUN`.

Nothing else but `promote` reads that block; how often it was read stands beside the scores.
"""

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from rich.table import Table
from rich.text import Text

from datasets import Series
from datasets.frequency import shown
from search import git
from search.baselines import Baseline, score_baselines, skill_ends
from search.config import Config
from search.data import TEST
from search.engine import open_engine
from search.errors import BadInput
from search.fresh import train_afresh
from search.leaderboard import interval, quantity
from search.prepare import recorded_series
from search.progress import Budget, open_display
from search.result import Result
from search.runtime import prepare_process, require_tensorflow
from search.seeds import EVALUATION, derived
from search.terminal import Parser, console
from search.tracking import names
from search.tracking.reading import Record, count_test_reads, find_run
from search.tracking.store import open_store, store_uri
from search.tracking.studies import config_of, ledger_of
from search.trial import Plan
from search.validation import validated


@dataclass(frozen=True)
class Evaluation:
    """A trial on the test block, beside the baselines.

    Attributes:
        metrics: of the net, by their MLflow names.
        baselines: on the same targets, best first.
        reads: how often the block has been read, this time included.
    """

    record: Record
    run_id: str
    series: Series
    config: Config
    metrics: dict[str, float]
    baselines: Sequence[Baseline]
    reads: int

    @property
    def seeds(self) -> int:
        """How many fresh seeds the scores are over."""
        return self.config.study.executions


def evaluate(arguments: list[str], *, quiet: bool) -> int:
    """Trains RUN again on all before the test block and shows its scores there.

    Raises:
        BadInput: there is no such run, its series has changed or has no test block, or its
            training failed.
    """
    parser = Parser(prog="sweepcast evaluate")
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--trust", action="append", default=[], metavar="PACKAGE")
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error(f"--seeds is {options.seeds}: expected 1 or more")
    found = evaluated(options.run, options.seeds, options.trust, quiet=quiet or options.json)
    if options.json:
        sys.stdout.write(json.dumps(_as_dict(found), indent=2) + "\n")
        return 0
    out = console()
    out.print(_table(found))
    for line in (_verdict(found), _reading(found), f"run:  {found.run_id}"):
        out.print(Text(line), soft_wrap=True)
    return 0


def evaluated(run: str, seeds: int, trusted: Sequence[str], *, quiet: bool) -> Evaluation:
    """Scores `run` (an id or STUDY:best) on the test block and logs it as a run of its own.

    Raises:
        BadInput: as `evaluate`.
    """
    client = open_store(store_uri(None), create=False)
    record = find_run(client, run)
    config = config_of(client, record, trusted)
    require_tensorflow()
    prepare_process(config.engine.threads)
    config = validated(replace(config, study=replace(config.study, executions=seeds)))
    series = recorded_series(record, config)
    if not config.task.test:
        raise BadInput(
            f"study {record.study} keeps no test block: task.test is 0\n"
            "sweep again with task.test=… to have one that no trial has seen"
        )
    baselines = score_baselines(series, config.task, TEST)
    best = baselines[0]
    plan = Plan(
        number=record.number,
        config=config.plain(),
        point={k: v for k, v in record.params.items() if k not in ("seed", names.EXECUTIONS)},
        seed=derived(config.study.seed, record.number, EVALUATION),
        digest=series.digest,
        baseline=(best.name, best.forecast),
        baseline_mae=best.mae,
        prunable=False,
        title=f"trial {record.number}, fresh seeds",
        block=TEST,
    )
    reads = count_test_reads(client, series.digest) + 1
    ledger = ledger_of(client, record, git.commit())
    tags = {names.EVALUATES: record.run_id, names.TEST_READS: str(reads)}
    run_id = ledger.start_again("evaluation", plan, tags)
    with ExitStack() as stack:
        stack.callback(ledger.lose_if_open, run_id, "interrupted")
        engine = stack.enter_context(open_engine(config, jobs=seeds))
        budget = Budget(1, 0, None, best.name.replace("_", " "), best.mae, series.unit)
        display = stack.enter_context(open_display(console(), budget, quiet=quiet))
        ((_, result),) = train_afresh(
            [plan], engine, display, retries=config.engine.retries, stopped=lambda: False
        )
        metrics = _scores(result, baselines) | {"test/reads": float(reads)}
        ledger.end_trial(run_id, result, best.mae, ledger.now(), metrics)
    if result.state != "complete":
        raise BadInput(f"run {record.run_id} cannot be trained again: {result.reason}")
    return Evaluation(record, run_id, series, config, metrics, baselines, reads)


def _scores(result: Result, baselines: Sequence[Baseline]) -> dict[str, float]:
    beside = {f"test/baseline/{baseline.name}/mae": baseline.mae for baseline in baselines}
    if result.state != "complete":
        return beside
    return result.metrics(baselines[0].mae) | skill_ends(result, baselines[0]) | beside


def _verdict(found: Evaluation) -> str:
    unit, best = found.series.unit, found.baselines[0]
    mae = found.metrics["test/mae"]
    word = "beats" if mae < best.mae else "DOES NOT BEAT"
    figures = {name.removeprefix("test/"): value for name, value in found.metrics.items()}
    return (
        f"{found.record.name} {word} the best baseline ({best.name.replace('_', ' ')}): test MAE "
        f"{quantity(mae, unit)} ± {figures['mae_std']:.3f} over {found.seeds} fresh seeds against "
        f"{quantity(best.mae, unit)}, skill {figures['skill']:+.1%}{interval(figures)}."
    )


def _reading(found: Evaluation) -> str:
    first = found.series.timestamps[-found.config.task.test]
    times = "once" if found.reads == 1 else f"{found.reads} times"
    return (
        f"Test block: {shown(first)} to {shown(found.series.timestamps[-1])}, "
        f"{found.config.task.test} steps; read {times} in this store."
    )


def _table(found: Evaluation) -> Table:
    table = Table(header_style="bold")
    table.add_column("on the test block")
    for heading in (f"MAE {found.series.unit}".strip(), "skill", "RMSE", "MASE"):
        table.add_column(heading, justify="right")
    entries = [
        (baseline.mae, baseline.name.replace("_", " "), baseline.metrics, "dim")
        for baseline in found.baselines
    ]
    entries.append((found.metrics["test/mae"], found.record.name, found.metrics, ""))
    for mae, name, metrics, style in sorted(entries, key=lambda entry: entry[0]):
        spread = f" ± {metrics['test/mae_std']:.3f}" if "test/mae_std" in metrics else ""
        table.add_row(
            name,
            f"{mae:.3f}{spread}",
            f"{metrics['test/skill']:+.1%}",
            f"{metrics['test/rmse']:.3f}",
            f"{metrics['test/mase']:.3f}",
            style=style,
        )
    return table


def _as_dict(found: Evaluation) -> dict[str, Any]:
    return {
        "study": found.record.study,
        "trial": found.record.number,
        "evaluates": found.record.run_id,
        "run_id": found.run_id,
        "unit": found.series.unit,
        "seeds": found.seeds,
        "test_reads": found.reads,
        "verdict": _verdict(found),
        "metrics": found.metrics,
        "baselines": {baseline.name: baseline.metrics for baseline in found.baselines},
    }
