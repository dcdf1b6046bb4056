"""`sweepcast compare`: shows runs side by side, differing settings first."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from search.config.dotted import flatten
from search.terminal.arguments import Parser
from search.terminal.console import console, print_line
from search.terminal.tables import new_table
from search.tracking import names
from search.tracking.reading import RETRAINABLE, Record, find_run
from search.tracking.recorded_config import recorded_values
from search.tracking.store.connection import Client, open_store, store_uri
from search.tracking.store.files import read_artifact

_KINDS = (*RETRAINABLE, "baseline", "evaluation", "reproduction", "champion")
# Final metrics that are shown first, in this order; the others follow by name.
_FIRST = ("mae", "mae_std", "rmse", "mase", "smape", "skill")
_DIGITS = 5
# Where a run trained and which files were kept: these settings do not affect the training.
_IGNORED = ("engine", "tracking", "study.name", "study.trials", "study.timeout")


def compare(arguments: list[str]) -> int:
    """Shows the settings in which the runs differ, then their metrics.

    Raises:
        BadInput: the store or a run does not exist, or fewer than two runs are named.
    """
    parser = Parser(prog="sweepcast compare")
    parser.add_argument("runs", metavar="RUN", nargs="+")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    if len(options.runs) < 2:
        parser.error("name at least two runs")
    client = open_store(store_uri(None), create=False)
    records = [find_run(client, run, _KINDS) for run in options.runs]
    settings = [_settings(client, record) for record in records]
    keys = sorted(set().union(*settings))
    differing = [key for key in keys if len({repr(one.get(key)) for one in settings}) > 1]
    if options.json:
        shown = [
            {
                "run_id": record.run_id,
                "name": record.name,
                "study": record.study,
                "state": record.state,
                "differing": {key: one.get(key) for key in differing},
                "metrics": record.metrics,
            }
            for record, one in zip(records, settings, strict=True)
        ]
        sys.stdout.write(json.dumps(shown, indent=2) + "\n")
        return 0
    out = console()
    out.print(_table(records, settings, differing))
    same = len(keys) - len(differing)
    print_line(out, f"The other {same} settings are the same.")
    for study in dict.fromkeys(record.study for record in records):
        print_line(out, f"\nruns of {study}:")
        for record in records:
            if record.study == study:
                print_line(out, f"{record.run_id}  {record.name.partition(' · ')[0]}")
    return 0


def _settings(client: Client, record: Record) -> dict[str, Any]:
    """Returns the settings of a run by dotted name; for a baseline, its fitted parameters."""
    text = read_artifact(client, record.run_id, "config.yaml")
    found: dict[str, Any] = dict(record.params)
    if text:
        found = flatten(recorded_values(record, text))
    found["seed"] = record.params.get("seed")
    found["data"] = record.tags.get(names.DIGEST, "")[:12]
    return {
        key: value
        for key, value in found.items()
        if not any(key == name or key.startswith(f"{name}.") for name in _IGNORED)
    }


def _table(
    records: Sequence[Record], settings: Sequence[dict[str, Any]], differing: Sequence[str]
) -> Table:
    """Returns a table with one column per run; each part of its name is a header line."""
    table = new_table()
    table.add_column("", no_wrap=True)
    for record in records:
        table.add_column(record.name.replace(" · ", "\n"), overflow="fold")
    for key in differing:
        table.add_row(key, *(_shown(one.get(key, "–")) for one in settings))
    table.add_section()
    table.add_row("state", *(record.state or "running" for record in records))
    for key in _metric_names(records):
        table.add_row(key, *(_number(record.metrics.get(key)) for record in records))
    return table


def _metric_names(records: Sequence[Record]) -> list[str]:
    """Returns the names of the final metrics of the runs, without the metrics by epoch."""
    found = {
        key
        for record in records
        for key in record.metrics
        if key.startswith(("validation/", "test/")) or key in ("epochs", "duration_s")
    }

    def order(key: str) -> tuple[bool, str, int, str]:
        block, _, name = key.partition("/")
        place = _FIRST.index(name) if name in _FIRST else len(_FIRST)
        return not name, block if name else "", place, key

    return sorted(found, key=order)


def _shown(value: Any) -> str:
    if isinstance(value, float) and len(str(value)) > _DIGITS + 3:
        return f"{value:.{_DIGITS}g}"
    return "null" if value is None else str(value)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
