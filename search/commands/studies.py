"""`sweepcast studies`: lists the studies in the store."""

from collections.abc import Sequence
from datetime import UTC, datetime

from search.results.verdict import quantity
from search.terminal.arguments import Parser
from search.terminal.console import console
from search.terminal.tables import Column, fitted_table
from search.tracking import names
from search.tracking.reading import Record, children
from search.tracking.reading import studies as all_studies
from search.tracking.store.connection import open_store, store_uri


def studies(arguments: list[str]) -> int:
    """Lists the studies, latest first.

    Raises:
        BadInput: the store does not exist, or an argument is unknown.
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
        Column("started", [_moment(study.started) for study in found], dropped_at=1),
        Column("trials", [str(len(runs)) for runs in trials], right=True),
        Column("best MAE", [_best(*pair) for pair in zip(found, trials, strict=True)], right=True),
        Column("skill", [_skill(study) for study in found], right=True, dropped_at=2),
        Column(
            "result",
            [s.tags.get(names.RESULT, "not finished") for s in found],
            least=40,
            dropped_at=0,
        ),
    ]
    out.print(fitted_table(columns, out.width))
    return 0


def _moment(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, tz=UTC).astimezone()
    return f"{moment:%Y-%m-%d %H:%M}"


def _best(study: Record, trials: Sequence[Record]) -> str:
    scores = [run.mae for run in trials if run.state == "complete" and run.mae is not None]
    return quantity(min(scores), study.unit) if scores else "–"


def _skill(study: Record) -> str:
    skill = study.metrics.get("validation/skill")
    return "–" if skill is None else f"{skill:+.1%}"
