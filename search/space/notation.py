"""Parses the `space` group of the configuration into a `Space`.

A space mirrors the configuration it searches. A leaf has one of four forms: a scalar (pinned), a
list (choices), a range (`low high [step] [log]`) or `{choices: […]}`. The last two may have a
`when:`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from math import isfinite
from typing import Any

from search.config.dotted import flatten, with_values
from search.config.schema import AUTO, Config
from search.config.validation import checked_group
from search.errors import BadInput, nearest
from search.space.conditions import Clause, parse_when, same
from search.space.space import Choice, Parameter, Range, Space, Value, spelled

FIELDS = frozenset({"low", "high", "step", "log", "choices", "when"})
SEARCHABLE = ("task", "transform", "model", "training")
NEVER = {
    "task.validation": "the scored targets would differ between trials",
    "task.test": "the scored targets would differ between trials",
    "task.folds": "the scored targets would differ between trials",
    "task.horizon": "the scored targets would differ between trials",
    "task.season": "MASE and the baselines would differ between trials",
}
UNSEARCHABLE = {"model._target_", "model.name", *NEVER}
# Leaves that may be `auto` until a study is prepared; until then, they are not in the space.
LEFT_TO_SERIES = ("task.window_size", "transform.seasonal_difference")


def parse_space(config: Config) -> Space:
    """Returns the search space that `config.space` describes.

    Raises:
        BadInput: a leaf is not a configuration key, has the wrong form or type, or has low > high;
            a condition names an unknown key; or the conditions form a cycle.
    """
    settings = {
        name: value
        for name, value in flatten(config.plain()).items()
        if name.partition(".")[0] in SEARCHABLE
    }
    searchable = [name for name in settings if name not in UNSEARCHABLE]
    parameters: dict[str, Parameter] = {}
    pins: dict[str, Value] = {}
    for name, leaf in _leaves(config.space):
        if name not in searchable and name not in NEVER:
            raise BadInput(
                f"space.{name} is not a configuration key that can be searched:\n"
                f"{nearest(name, searchable)}\n"
                f"a space may contain keys of the groups {', '.join(SEARCHABLE)}"
            )
        if name in NEVER:
            raise BadInput(f"space.{name} cannot be searched: {NEVER[name]}; set {name} instead")
        if leaf == AUTO and name in LEFT_TO_SERIES:
            continue
        parsed = _parse_leaf(name, leaf)
        if isinstance(parsed, Choice | Range):
            parameters[name] = parsed
        else:
            pins[name] = parsed
    _check_types(config, parameters, pins)
    constants = {**settings, **pins}
    parameters = {
        name: replace(parameter, when=parameter.when + _block_switch(name, settings))
        for name, parameter in parameters.items()
    }
    named = {clause.name for parameter in parameters.values() for clause in parameter.when}
    for parameter in parameters.values():
        for clause in parameter.when:
            if clause.name not in settings:
                raise BadInput(
                    f"space.{parameter.name}.when names {clause.name!r}, which is not a "
                    f"configuration key:\n{nearest(clause.name, settings)}"
                )
            _check_clause(config, parameter.name, clause, parameters.get(clause.name))
    return Space(
        parameters=_in_order(parameters),
        pins=pins,
        constants={name: constants[name] for name in sorted(named - parameters.keys())},
    )


def _check_clause(config: Config, owner: str, clause: Clause, searched: Parameter | None) -> None:
    """Checks that a condition can be true for a value of the key that it names.

    Raises:
        BadInput: the condition is never true.
    """
    place = f"space.{owner}.when: {clause} is never true"
    if searched is not None and (values := searched.values()) is not None:
        if not any(clause.holds(value) for value in values):
            raise BadInput(f"{place}: space.{clause.name} has the values {spelled(searched)}")
        return
    if clause.symbol in ("in", "=="):
        for value in clause.operand if clause.symbol == "in" else (clause.operand,):
            try:
                check_setting(config, clause.name, value)
            except BadInput as error:
                reason = str(error).partition("\n")[2] or str(error)
                raise BadInput(f"{place} for {value!r}:\n{reason}") from None


def _block_switch(name: str, settings: Mapping[str, Any]) -> tuple[Clause, ...]:
    """Returns the condition on the other keys of a model block: `layers` is above 0."""
    block, _, key = name.rpartition(".")
    switch = f"{block}.layers"
    on = block.startswith("model.") and key != "layers" and switch in settings
    return (Clause(switch, ">", 0),) if on else ()


def _leaves(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and not FIELDS & value.keys():
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value


def _parse_leaf(name: str, leaf: Any) -> Parameter | Value:
    if isinstance(leaf, list):
        return Choice(name, _choices(name, leaf))
    if not isinstance(leaf, Mapping):
        value: Value = leaf
        return value
    unknown = leaf.keys() - FIELDS
    if unknown:
        word = sorted(map(str, unknown))[0]
        raise BadInput(f"space.{name} has the unknown field {word!r}: {nearest(word, FIELDS)}")
    when = parse_when(name, leaf["when"]) if leaf.get("when") is not None else ()
    if "choices" in leaf:
        if leaf.keys() & {"low", "high", "step", "log"}:
            raise BadInput(f"space.{name} mixes choices with a range: set choices, or low and high")
        return Choice(name, _choices(name, leaf["choices"]), when)
    return _range(name, leaf, when)


def _choices(name: str, choices: Any) -> tuple[Value, ...]:
    if not isinstance(choices, list) or not choices:
        raise BadInput(f"space.{name} has the choices {choices!r}: expected a non-empty list")
    for index, value in enumerate(choices):
        if not isinstance(value, bool | int | float | str | None):
            raise BadInput(
                f"space.{name} has the value {value!r}: expected null, true/false, a number or text"
            )
        if any(same(value, earlier) for earlier in choices[:index]):
            raise BadInput(f"space.{name} has the value {value!r} twice: list each choice once")
    return tuple(choices)


def _range(name: str, leaf: Mapping[str, Any], when: Any) -> Range:
    for key in ("low", "high"):
        if leaf.get(key) is None:
            raise BadInput(
                f"space.{name} has no {key}: a range needs low and high, e.g. {{low: 1, high: 9}}; "
                "step and log are optional"
            )
    numbers = {key: leaf[key] for key in ("low", "high", "step") if leaf.get(key) is not None}
    for key, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise BadInput(f"space.{name}.{key} is {value!r}: expected a finite number")
    low, high, step, log = leaf["low"], leaf["high"], leaf.get("step"), leaf.get("log") or False
    for wrong, text in (
        (not isinstance(log, bool), f".log is {log!r}: expected true or false"),
        (low > high, f" has low {low} above high {high}: swap them"),
        (log and low <= 0, f" has a log scale from {low}: low must be above 0"),
        (step is not None and log, " has both step and log: use a list of choices instead"),
        (step is not None and step <= 0, f".step is {step}: expected a number above 0"),
        (
            step is not None and low < high < low + step,
            f".step is {step}, larger than the range from {low} to {high}",
        ),
    ):
        if wrong:
            raise BadInput(f"space.{name}{text}")
    if not all(isinstance(value, int) for value in numbers.values()):
        low, high, step = float(low), float(high), None if step is None else float(step)
    found = Range(name, low, high, step, log, when)
    if step is not None:
        values = found.values()
        found = Range(name, low, values[-1] if values else high, step, log, when)
    return found


def _check_types(
    config: Config, parameters: Mapping[str, Parameter], pins: Mapping[str, Value]
) -> None:
    """Checks that the configuration accepts every pin and choice, and the ends of every range."""
    candidates = [(name, value) for name, value in pins.items()]
    for parameter in parameters.values():
        ends = (
            parameter.choices if isinstance(parameter, Choice) else (parameter.low, parameter.high)
        )
        candidates += [(parameter.name, value) for value in ends]
    for name, value in candidates:
        check_setting(config, name, value)


def check_setting(config: Config, name: str, value: Value) -> None:
    """Checks that the configuration key `name` accepts `value`.

    Raises:
        BadInput: it does not.
    """
    group = name.partition(".")[0]
    if value == AUTO and name in LEFT_TO_SERIES:
        raise BadInput(f"space.{name} has the value auto: set it to auto alone, or to numbers")
    changed = with_values(config.plain(), {name: value})
    try:
        held = flatten({group: checked_group(group, changed[group])})[name]
    except BadInput as error:
        raise BadInput(f"space.{name} has the value {value!r}:\n{error}") from None
    if not same(held, value):
        raise BadInput(
            f"space.{name} has the value {value!r}, but {name} is of type {type(held).__name__}, "
            f"e.g. {flatten(config.plain())[name]!r}"
        )


def _in_order(parameters: Mapping[str, Parameter]) -> tuple[Parameter, ...]:
    """Returns the parameters in an order in which conditions only name earlier ones."""
    graph = {
        name: [clause.name for clause in parameter.when if clause.name in parameters]
        for name, parameter in parameters.items()
    }
    try:
        order = TopologicalSorter(graph).static_order()
        return tuple(parameters[name] for name in order)
    except CycleError as error:
        cycle = " → ".join(reversed(error.args[1]))
        raise BadInput(
            f"the conditions of the space form a cycle: {cycle}\n"
            f"remove one `when:`, e.g. with ~space.{error.args[1][0]}.when"
        ) from None
