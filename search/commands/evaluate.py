"""`sweepcast evaluate`: scores a trial on the test block with fresh seeds."""

import json
import sys
from typing import Any

from rich.text import Text

from search.results.verdict import evaluation_judged, evaluation_verdict, test_block
from search.retraining import evaluation
from search.retraining.evaluation import Evaluation
from search.retraining.loading import load_run
from search.terminal.arguments import fresh_seed_options
from search.terminal.console import console, verdict_style
from search.terminal.display import retraining_display
from search.terminal.evaluation_table import evaluation_table


def evaluate(arguments: list[str], *, quiet: bool) -> int:
    """Trains RUN again on all readings before the test block and shows its test scores.

    Raises:
        BadInput: the run does not exist, its series has changed or has no test block, or its
            training failed.
    """
    options = fresh_seed_options("evaluate", "--json", arguments)
    recorded = load_run(options.run, options.trust).with_executions(options.seeds)
    found = evaluation.evaluate(recorded, retraining_display(quiet=quiet or options.json))
    if options.json:
        sys.stdout.write(json.dumps(_as_dict(found), indent=2) + "\n")
        return 0
    out = console()
    out.print(evaluation_table(found))
    style = verdict_style(evaluation_judged(found))
    out.print(Text(evaluation_verdict(found), style), soft_wrap=True)
    for line in (test_block(found), f"run:  {found.run_id}"):
        out.print(Text(line), soft_wrap=True)
    return 0


def _as_dict(found: Evaluation) -> dict[str, Any]:
    return {
        "study": found.record.study,
        "trial": None if found.record.kind == "ensemble" else found.record.number,
        "evaluates": found.record.run_id,
        "run_id": found.run_id,
        "unit": found.series.unit,
        "seeds": found.seeds,
        "test_reads": found.reads,
        "verdict": evaluation_judged(found),
        "summary": evaluation_verdict(found),
        "baseline": found.rival.name,
        "metrics": found.metrics,
        "baselines": {baseline.name: baseline.metrics for baseline in found.baselines},
    }
