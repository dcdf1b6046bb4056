"""The points that a study tries first: given points, and the best points of an earlier study."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isclose
from pathlib import Path
from typing import Any

import yaml

from search.config.dotted import flatten
from search.config.schema import AUTO, Config
from search.errors import BadInput, nearest
from search.space.conditions import same
from search.space.space import Choice, Parameter, Point, Space, Value, point_key, spelled
from search.tracking import names
from search.tracking.reading import Record, children, find_run, studies
from search.tracking.recorded_config import recorded_values
from search.tracking.store.connection import Client, exists, open_store
from search.tracking.store.files import read_artifact

_REASONS = 3  # how many reasons for skipping points are shown


@dataclass(frozen=True)
class FirstPoints:
    """The points that a study tries first.

    Attributes:
        points: the points, without repetitions.
        message: message about the earlier study; empty without one.
    """

    points: tuple[Point, ...] = ()
    message: str = ""


def first_points(
    config: Config, space: Space, uri: str, guesses: Sequence[Point] = ()
) -> FirstPoints:
    """Returns the points of `study.enqueue`, followed by those of `study.warm_start`.

    Args:
        config: configuration of the study.
        space: search space of the study.
        uri: URI of the store that contains the earlier study.
        guesses: the points of `study.enqueue=auto`.

    Raises:
        BadInput: a given point is not in the space, or the earlier study or file does not exist.
    """
    settings = flatten(config.plain())
    points: dict[str, Point] = {}
    enqueued = guesses if config.study.enqueue == AUTO else config.study.enqueue
    for number, given in enumerate(enqueued):
        place = f"study.enqueue[{number}]"
        if not isinstance(given, Mapping):
            raise BadInput(
                f"{place} is {given!r}: expected a point such as {{task.window_size: 9}}"
            )
        try:
            point = completed(given, space, settings)
        except ValueError as error:
            raise BadInput(f"{place}: {error}") from None
        points.setdefault(point_key(point, None), point)
    if config.study.warm_start is None:
        return FirstPoints(tuple(points.values()))
    source = config.study.warm_start
    given_before = len(points)
    refused: Counter[str] = Counter()
    trials, values = _earlier_trials(source, uri)
    for earlier in values:
        try:
            point = completed({k: earlier[k] for k in earlier if k in space.names}, space, settings)
        except ValueError as error:
            refused[str(error)] += 1
        else:
            points.setdefault(point_key(point, None), point)
        if len(points) - given_before == config.study.warm_trials:
            break
    return FirstPoints(
        tuple(points.values()), _summary(source, len(points) - given_before, trials, refused)
    )


def completed(values: Mapping[str, Any], space: Space, settings: Mapping[str, Any]) -> Point:
    """Returns the point of the space with these values, completed from `settings`.

    Args:
        values: values of the point, nested or by dotted names.
        space: search space of the point.
        settings: configured values, by dotted names.

    Raises:
        ValueError: a name is not searched, or a value is not in the space; the message names it.
    """
    given = flatten(values)
    point: Point = {}
    for parameter in space.parameters:
        if space.active(parameter, point):
            name = parameter.name
            point[name] = _member(parameter, given.get(name, settings.get(name)))
    for name in given.keys() - point.keys():
        if name not in space.names:
            raise ValueError(f"{name} is not searched: {nearest(name, space.names)}")
        if name not in settings or not same(given[name], settings[name]):
            raise ValueError(f"{name} is set, but a condition makes it inactive at this point")
    return point


def _member(parameter: Parameter, value: Any) -> Value:
    """Returns the value of a parameter that equals `value`, which may be text.

    Raises:
        ValueError: the parameter has no such value.
    """
    if isinstance(parameter, Choice):
        for choice in parameter.choices:
            if same(choice, value) or (isinstance(value, str) and names.text(choice) == value):
                return choice
    elif (number := _number(value)) is not None and parameter.low <= number <= parameter.high:
        snapped = parameter.snap(number)
        if isclose(snapped, number, rel_tol=1e-9, abs_tol=1e-12):
            return snapped
    raise ValueError(f"{parameter.name} is {value!r}: the space has {spelled(parameter)}")


def _number(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _earlier_trials(source: str, uri: str) -> tuple[int, Iterable[dict[str, Any]]]:
    """Returns the number of earlier trials, and their values by dotted names, best first.

    The files of the trials are read lazily, since a study may have thousands.

    Raises:
        BadInput: `source` is neither a file nor a study or run in the store.
    """
    if Path(source).suffix in (".json", ".yaml", ".yml"):
        points = _points_in(Path(source))
        return len(points), points
    if not exists(uri):
        raise BadInput(f"study.warm_start is {source!r}, but there is no store at {uri}")
    client = open_store(uri, create=False)
    records = _records(client, source)
    texts = ((r, read_artifact(client, r.run_id, "config.yaml")) for r in records)
    return len(records), (flatten(recorded_values(r, text)) for r, text in texts if text)


def _records(client: Client, source: str) -> Sequence[Record]:
    found = studies(client)
    study = next((record for record in reversed(found) if record.study == source), None)
    if study is not None:
        runs = [r for r in children(client, study) if r.kind == "trial" and r.state == "complete"]
        return sorted(runs, key=lambda run: inf if run.mae is None else run.mae)
    try:
        return [find_run(client, source, ("trial", "finalist"))]
    except BadInput:
        raise BadInput(
            f"study.warm_start is {source!r}, which is not a study, a run or a file:\n"
            f"{nearest(source, [record.study for record in found])}"
        ) from None


def _points_in(path: Path) -> list[dict[str, Any]]:
    """Returns the points in a file: a list of mappings, or the output of `leaderboard --json`.

    Raises:
        BadInput: the file cannot be read, or has neither format.
    """
    try:
        text = path.read_text("utf-8")
        held = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(
            f"study.warm_start is {str(path)!r}, which cannot be read: {reason}"
        ) from None
    if isinstance(held, Mapping) and isinstance(held.get("rows"), list):
        held = [row.get("params") for row in held["rows"] if row.get("kind") == "trial"]
    if not isinstance(held, list) or not all(isinstance(point, Mapping) for point in held):
        raise BadInput(
            f"study.warm_start is {str(path)!r}, which contains no list of points:\n"
            "write one such as [{model.conv.filters: 64}], or use the output of leaderboard --json"
        )
    return [flatten(point) for point in held]


def _summary(source: str, usable: int, trials: int, refused: Counter[str]) -> str:
    reasons = [f"{count} because {reason}" for reason, count in refused.most_common(_REASONS)]
    more = len(refused) - len(reasons)
    skipped = f"; skipped: {', '.join(reasons)}" if reasons else ""
    return (
        f"{usable} of the {trials} trials of {source} are tried first{skipped}"
        f"{f', and others for {more} more reasons' if more > 0 else ''}"
    )
