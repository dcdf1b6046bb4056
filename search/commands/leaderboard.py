"""`sweepcast leaderboard`: lists the trials and baselines of a study."""

import json
import sys

from search.results.leaderboard import best_forecaster, rows
from search.results.verdict import verdict
from search.terminal.arguments import Parser
from search.terminal.console import console, print_line, verdict_style
from search.terminal.leaderboard_table import leaderboard_table
from search.tracking import names
from search.tracking.reading import children, find_study
from search.tracking.store.connection import open_store, store_uri

_SHOWN = 20  # number of trials without --top


def leaderboard(arguments: list[str]) -> int:
    """Shows the trials and baselines of a study, best first.

    Raises:
        BadInput: the store or the study does not exist, or an argument is unknown.
    """
    parser = Parser(prog="sweepcast leaderboard")
    parser.add_argument("study", nargs="?")
    parser.add_argument("--top", type=int)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    if options.top is not None and options.top < 1:
        parser.error(f"--top is {options.top}: expected 1 or more")
    client = open_store(store_uri(None), create=False)
    record = find_study(client, options.study)
    board = rows(children(client, record))
    best = best_forecaster(board)
    if options.json:
        trials = [row for row in board if row.kind == "trial"][: options.top]
        shown = {
            "study": record.study,
            "run_id": record.run_id,
            "unit": record.unit,
            "verdict": best.verdict if best else None,
            "summary": verdict(board, record.unit),
            "importance": {
                name.removeprefix(names.IMPORTANCE): share
                for name, share in sorted(record.metrics.items(), key=lambda item: -item[1])
                if name.startswith(names.IMPORTANCE)
            },
            "rows": [row.as_dict() for row in board if row.kind != "trial" or row in trials],
        }
        sys.stdout.write(json.dumps(shown, indent=2) + "\n")
        return 0
    out = console()
    print_line(out, record.study, "bold")
    out.print(leaderboard_table(board, record.unit, out.width, trials=options.top or _SHOWN))
    out.print()
    print_line(out, verdict(board, record.unit), verdict_style(best.verdict if best else None))
    return 0
