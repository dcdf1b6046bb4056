"""Chooses `task.validation`, `task.test` and `task.folds` from the length and season of a series.

A block is as long as a season and long enough for a stable score, but at most a fifth of the
series. If a season does not fit into one validation block, up to three folds cover it.
"""

from dataclasses import replace
from typing import Any

from datasets import DatasetError
from search.config.schema import AUTO, Task

_SHARE = 10  # of the series that is usual for a block: a tenth …
_LARGEST_SHARE = 5  # … and at most: a fifth
_ENOUGH, _PLENTY = 50, 2000  # targets for a stable score, and more than a score needs
_MOST_FOLDS = 3
_LEAST_SCORED, _LEAST_TRAINED = 4, 12  # steps
# A further fold must leave this share of the series, and this many seasons, to train on.
_TRAINED, _SEASONS = 0.4, 1.25


def with_lengths(task: Task, length: int, seasons: tuple[int, ...]) -> Task:
    """Returns `task` without `auto` in `validation`, `test` and `folds`.

    Args:
        task: the task, with given lengths and `auto`.
        length: number of steps in the series.
        seasons: seasons in steps, the main one first.

    Raises:
        DatasetError: the series is too short for `auto`; the message says what would work.
    """
    if AUTO not in (task.validation, task.test, task.folds):
        return task
    found = _chosen(task, length, seasons)
    if found is None:
        raise DatasetError(_too_short(task, length, seasons))
    return found


def _chosen(task: Task, length: int, seasons: tuple[int, ...]) -> Task | None:
    """Returns `task` without `auto`, or None if the series is too short."""
    least = max(_LEAST_SCORED, task.horizon)
    block = _block(length, seasons, least)
    test = block if task.test == AUTO else task.test
    season, rest = seasons[0], length - test
    folds, validation = 1, block if task.validation == AUTO else task.validation
    if task.folds != AUTO:
        folds = task.folds
        if task.validation == AUTO:
            most = (rest - int(_TRAINED * length)) // folds
            validation = min(max(-(-season // folds), -(-block // folds)), block, most)
    elif validation < season:
        for more in range(2, _MOST_FOLDS + 1):
            own = -(-season // more) if task.validation == AUTO else validation
            trained = rest - more * own
            enough = trained >= max(_TRAINED * length, _SEASONS * season)
            if enough and own <= block and more * own >= season:
                folds, validation = more, own
                break
    chosen = [v for v, given in ((validation, task.validation), (test, task.test)) if given == AUTO]
    if any(v < least for v in chosen):
        return None
    if rest - folds * validation < _LEAST_TRAINED + task.horizon - 1:
        return None
    return replace(task, validation=validation, test=test, folds=folds)


def _block(length: int, seasons: tuple[int, ...], least: int) -> int:
    """Returns the length of a block in steps, in whole seasons if these have `least` steps."""
    most = length // _LARGEST_SHARE
    wanted = max(seasons[0], min(length // _SHARE, _PLENTY), min(_ENOUGH, most))
    block = min(wanted, most)
    fitting = [season for season in seasons if season <= block]
    whole = block - block % max(fitting, default=1)
    return whole if whole >= least else block


def _too_short(task: Task, length: int, seasons: tuple[int, ...]) -> str:
    needed = next(
        (n for n in range(length + 1, 100 * (length + task.horizon)) if _chosen(task, n, seasons)),
        None,
    )
    start = f"the series has {length} steps; with task.horizon={task.horizon}, "
    start += f"a study needs at least {needed}:\n" if needed else "no lengths fit:\n"
    works = _smallest(task, length)
    return start + "use more readings" + (f", or set {works}" if works else " or a shorter horizon")


def _smallest(task: Task, length: int) -> str:
    """Returns overrides with which a study of a short series can still run; empty if none can."""
    part = max(task.horizon, length // _LARGEST_SHARE)
    for test in (part, 0):
        window_size = (length - test - part - task.horizon) // 2
        if window_size >= 1:
            values: dict[str, Any] = {"validation": part, "test": test, "folds": 1}
            values["window_size"] = window_size
            return " ".join(f"task.{name}={value}" for name, value in values.items())
    return ""
