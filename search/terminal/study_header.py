"""What the terminal says of a study before it runs."""

from rich.console import Console

from datasets.parsing.frequency import shown
from search.backends.base import Backend
from search.study.first_points import FirstPoints
from search.study.preparation import PreparedStudy
from search.terminal.console import print_labelled


def print_header(
    console: Console, prepared: PreparedStudy, done: int, first: FirstPoints, backend: Backend
) -> None:
    """Prints what is forecast, scored, searched and to be beaten.

    Args:
        console: for people.
        prepared: the study.
        done: trials that it has behind it.
        first: what it tries first.
        backend: that proposes its points.
    """
    config, series, best = prepared.config, prepared.series, prepared.baselines[0]
    task = config.task
    drawn = [parameter.name for parameter in prepared.space.drawn]
    told = [
        ("study", prepared.name + (f" (goes on after {done} trials)" if done else "")),
        (
            "series",
            f"{series.name}: {len(series.values)} steps of {series.channels[series.target]}, "
            f"{shown(series.timestamps[0])} to {shown(series.timestamps[-1])}",
        ),
        (
            "scored",
            f"{task.folds} × {task.validation} steps before the test block, the last "
            f"{task.test} steps, which no trial reads",
        ),
        ("to beat", f"{best.name.replace('_', ' ')}, MAE {best.mae:.3f} {series.unit}".rstrip()),
    ]
    if drawn:
        told.append(("searched", ", ".join(drawn)))
    if first.points:
        told.append(("first", f"{len(first.points)} given points"))
    if first.told:
        told.append(("", first.told))
    if series.missing:
        missing = f"{series.missing} missing readings, filled from the past and never scored"
        told.append(("gaps", missing))
    idle = [p.name for p in prepared.space.parameters if prepared.space.never(p)]
    if idle:
        why = "its block has no layers in this configuration"
        told.append(("idle", f"{', '.join(idle)}: {why}"))
    if config.study.trials > backend.comfortable:
        slow = f"gets slow above {backend.comfortable:,} of them; backend=optuna_random does not"
        name = config.backend["name"]
        told.append(("note", f"backend {name} weighs all trials at every proposal, which {slow}"))
    print_labelled(console, told)
