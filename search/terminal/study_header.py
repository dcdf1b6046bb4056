"""Header that is printed before a study runs."""

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from datasets.parsing.frequency import shown
from search.backends.base import Backend
from search.config.schema import AUTO
from search.study.first_points import FirstPoints
from search.study.preparation import PreparedStudy
from search.terminal.console import print_labelled


def print_header(
    console: Console, prepared: PreparedStudy, done: int, first: FirstPoints, backend: Backend
) -> None:
    """Prints the series, the scored steps, the baseline to beat and the searched values.

    Args:
        console: console to print on.
        prepared: the study.
        done: number of trials that have already finished.
        first: points to try first.
        backend: backend that proposes the points.
    """
    config, series, best = prepared.config, prepared.series, prepared.baselines[0]
    task = config.task
    drawn = [parameter.name for parameter in prepared.space.drawn]
    lines = [
        ("study", prepared.name + (f" (resumed after {done} trials)" if done else "")),
        (
            "series",
            f"{series.name}: {len(series.values)} steps of {series.channels[series.target]}, "
            f"{shown(series.timestamps[0])} to {shown(series.timestamps[-1])}",
        ),
        (
            "scored",
            f"{task.folds} × {task.validation} steps before the test block (the last "
            f"{task.test} steps, which no trial reads)",
        ),
        *([("auto", _spelled(prepared.chosen))] if prepared.chosen else []),
        ("to beat", f"{best.name.replace('_', ' ')}, MAE {best.mae:.3f} {series.unit}".rstrip()),
    ]
    if drawn:
        lines.append(("searched", ", ".join(drawn)))
    if first.points:
        kind = "good guesses" if config.study.enqueue == AUTO else "given points"
        lines.append(("first", f"{len(first.points)} {kind}"))
    if first.message:
        lines.append(("", first.message))
    if series.missing:
        missing = f"{series.missing} missing readings, filled from the past and never scored"
        lines.append(("gaps", missing))
    unused = [p.name for p in prepared.space.parameters if prepared.space.never(p)]
    if unused:
        why = "its block has no layers in this configuration"
        lines.append(("unused", f"{', '.join(unused)}: {why}"))
    if config.study.trials > backend.comfortable:
        name, most = config.backend["name"], backend.comfortable
        lines.append(
            (
                "note",
                f"backend {name} is slow above {most:,} trials, because it uses all of them for "
                "each proposal; backend=optuna_random is not",
            )
        )
    print_labelled(console, lines)


def _spelled(chosen: Mapping[str, Any]) -> str:
    """Returns what `auto` came to, as overrides: `task.validation=120 task.test=120`."""
    values = {name: json.dumps(value, separators=(",", ":")) for name, value in chosen.items()}
    return " ".join(f"{name}={value}" for name, value in values.items())
