"""Shows what the store holds: `sweepcast studies` and `sweepcast leaderboard`."""

import json
import sys
from datetime import UTC, datetime

from rich.table import Table

from search.leaderboard import rows, table, verdict
from search.terminal import Parser, console
from search.tracking import names
from search.tracking.reading import Record, children, find_study
from search.tracking.reading import studies as all_studies
from search.tracking.store import open_store, store_uri

_SHOWN = 20  # trials, unless --top says otherwise


def studies(arguments: list[str]) -> int:
    """Lists the studies, latest first.

    Raises:
        BadInput: there is no store, or an unknown argument.
    """
    Parser(prog="sweepcast studies").parse_args(arguments)
    client = open_store(store_uri(None), create=False)
    found = Table(header_style="bold")
    for heading in ("study", "started", "trials", "best MAE", "result"):
        found.add_column(heading, justify="right" if heading == "trials" else "left")
    for record in all_studies(client):
        trials = [
            run for run in children(client, record) if run.kind == "trial" and run.state != "lost"
        ]
        best = min(
            (run.mae for run in trials if run.state == "complete" and run.mae is not None),
            default=None,
        )
        found.add_row(
            record.study,
            f"{datetime.fromtimestamp(record.started / 1000, tz=UTC).astimezone():%Y-%m-%d %H:%M}",
            str(len(trials)),
            "–" if best is None else f"{best:.3f} {_unit(record)}".strip(),
            record.tags.get(names.RESULT, "not finished"),
        )
    console().print(found)
    return 0


def leaderboard(arguments: list[str]) -> int:
    """Shows the trials and baselines of a study, best first.

    Raises:
        BadInput: there is no store or no such study, or an unknown argument.
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
    if options.json:
        trials = [row for row in board if row.kind == "trial"][: options.top]
        shown = {
            "study": record.study,
            "run_id": record.run_id,
            "unit": _unit(record),
            "verdict": verdict(board, _unit(record)),
            "importance": {
                name.removeprefix(names.IMPORTANCE): share
                for name, share in sorted(record.metrics.items(), key=lambda item: -item[1])
                if name.startswith(names.IMPORTANCE)
            },
            "rows": [row.as_dict() for row in board if row.kind == "baseline" or row in trials],
        }
        sys.stdout.write(json.dumps(shown, indent=2) + "\n")
        return 0
    out = console()
    out.print(record.study, style="bold")
    out.print(table(board, _unit(record), options.top or _SHOWN))
    out.print(verdict(board, _unit(record)), soft_wrap=True)
    return 0


def _unit(record: Record) -> str:
    return record.tags.get(names.UNIT, "")
