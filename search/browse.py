"""Shows what the store holds: `sweepcast studies` and `sweepcast leaderboard`."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from search.board import table
from search.leaderboard import quantity, rows, verdict
from search.tables import Column, fitting
from search.terminal import Parser, console, say
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
    found = all_studies(client)
    trials = [
        [run for run in children(client, study) if run.kind == "trial" and run.state != "lost"]
        for study in found
    ]
    out = console()
    columns = [
        Column("study", [study.study for study in found]),
        Column("started", [_moment(study.started) for study in found], goes=1),
        Column("trials", [str(len(runs)) for runs in trials], right=True),
        Column("best MAE", [_best(*pair) for pair in zip(found, trials, strict=True)], right=True),
        Column("skill", [_skill(study) for study in found], right=True, goes=2),
        Column(
            "result", [s.tags.get(names.RESULT, "not finished") for s in found], least=40, goes=0
        ),
    ]
    out.print(fitting(columns, out.width))
    return 0


def _moment(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, tz=UTC).astimezone()
    return f"{moment:%Y-%m-%d %H:%M}"


def _best(study: Record, trials: Sequence[Record]) -> str:
    scores = [run.mae for run in trials if run.state == "complete" and run.mae is not None]
    return quantity(min(scores), _unit(study)) if scores else "–"


def _skill(study: Record) -> str:
    skill = study.metrics.get("validation/skill")
    return "–" if skill is None else f"{skill:+.1%}"


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
    say(out, record.study, "bold")
    out.print(table(board, _unit(record), out.width, trials=options.top or _SHOWN))
    out.print()
    say(out, verdict(board, _unit(record)))
    return 0


def _unit(record: Record) -> str:
    return record.tags.get(names.UNIT, "")
