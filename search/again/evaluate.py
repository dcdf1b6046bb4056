"""Carries out `sweepcast evaluate RUN`."""

import json
import sys
from argparse import Namespace
from typing import Any

from rich.text import Text

from search.again.evaluation import Evaluation, evaluated, reading, table, verdict
from search.again.recall import recall
from search.terminal import Parser, console


def evaluate(arguments: list[str], *, quiet: bool) -> int:
    """Trains RUN again on all before the test block and shows its scores there.

    Raises:
        BadInput: there is no such run, its series has changed or has no test block, or its
            training failed.
    """
    options = options_of("evaluate", "--json", arguments)
    recalled = recall(options.run, options.trust).with_executions(options.seeds)
    found = evaluated(recalled, quiet=quiet or options.json)
    if options.json:
        sys.stdout.write(json.dumps(_as_dict(found), indent=2) + "\n")
        return 0
    out = console()
    out.print(table(found))
    for line in (verdict(found), reading(found), f"run:  {found.run_id}"):
        out.print(Text(line), soft_wrap=True)
    return 0


def options_of(command: str, flag: str, arguments: list[str]) -> Namespace:
    """Returns the options of a command that scores RUN with fresh seeds, and has one more flag.

    Raises:
        BadInput: they are no such options.
    """
    parser = Parser(prog=f"sweepcast {command}")
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(flag, action="store_true")
    parser.add_argument("--trust", action="append", default=[], metavar="PACKAGE")
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error(f"--seeds is {options.seeds}: expected 1 or more")
    return options


def _as_dict(found: Evaluation) -> dict[str, Any]:
    return {
        "study": found.record.study,
        "trial": found.record.number,
        "evaluates": found.record.run_id,
        "run_id": found.run_id,
        "unit": found.series.unit,
        "seeds": found.seeds,
        "test_reads": found.reads,
        "verdict": verdict(found),
        "metrics": found.metrics,
        "baselines": {baseline.name: baseline.metrics for baseline in found.baselines},
    }
