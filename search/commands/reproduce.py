"""`sweepcast reproduce`: trains a run again and compares the results bit for bit."""

import sys
from collections.abc import Sequence
from math import isfinite
from typing import Any

from rich.text import Text

from search.retraining import reproduction
from search.retraining.ensemble.recorded import RecordedEnsemble
from search.retraining.ensemble.reproduction import reproduce_ensemble
from search.retraining.loading import load_run
from search.terminal.arguments import Parser
from search.terminal.console import console
from search.terminal.display import retraining_display
from search.terminal.tables import new_table


def reproduce(arguments: list[str], *, quiet: bool) -> int:
    """Trains RUN again and compares the results; returns 0 if they are identical, else 1.

    Raises:
        BadInput: the run does not exist, or its series or files are missing or have changed.
    """
    parser = Parser(prog="sweepcast reproduce")
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--tolerance", type=float, default=0.0)
    parser.add_argument("--trust", action="append", default=[], metavar="PACKAGE")
    options = parser.parse_args(arguments)
    if not (isfinite(options.tolerance) and options.tolerance >= 0):
        parser.error(f"--tolerance is {options.tolerance}: expected a number of at least 0")
    recorded = load_run(options.run, options.trust)
    out = console()

    def show_differences(differences: Sequence[str]) -> None:
        if quiet:
            return
        for line in differences or [
            "Versions, machine, thread settings and commit match the recorded run."
        ]:
            out.print(Text(f"differs: {line}" if differences else line), soft_wrap=True)

    how: dict[str, Any] = {
        "tolerance": options.tolerance,
        "trusted": options.trust,
        "report": show_differences,
    }
    observe = retraining_display(quiet=quiet)
    if isinstance(recorded, RecordedEnsemble):
        found = reproduce_ensemble(recorded, observe, **how)
    else:
        found = reproduction.reproduce(recorded, observe, **how)
    table = new_table()
    for heading in ("compared", "values", "differ", "largest difference"):
        table.add_column(heading, justify="left" if heading == "compared" else "right")
    for one in found.compared:
        largest = "–" if one.what.startswith("hashes") else f"{one.largest:.3g}"
        table.add_row(one.what, str(one.count), str(one.differing), largest)
    out.print(table)
    out.print(Text(found.verdict), soft_wrap=True)
    out.print(Text(f"run:  {found.run_id}"))
    sys.stdout.flush()
    return 0 if found.identical else 1
