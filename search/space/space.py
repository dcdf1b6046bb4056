"""The search space: parameters, conditions between them, and the points they span.

A point is a dict from dotted configuration keys to values. It contains active parameters only.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

from search.space.conditions import Clause

Value = None | bool | int | float | str
Point = dict[str, Any]


@dataclass(frozen=True)
class Choice:
    """A parameter with one of `choices`; it is active when all clauses of `when` hold."""

    name: str
    choices: tuple[Value, ...]
    when: tuple[Clause, ...] = ()

    def values(self) -> Sequence[Value]:
        """Returns all values."""
        return self.choices


@dataclass(frozen=True)
class Range:
    """A number from `low` to `high`, both included; an integer if both are integers.

    `high` is always reachable: with a `step`, it is the last step at or below the configured one.
    """

    name: str
    low: int | float
    high: int | float
    step: int | float | None = None
    log: bool = False
    when: tuple[Clause, ...] = ()

    @property
    def integer(self) -> bool:
        """Whether the values are integers."""
        return isinstance(self.low, int)

    def values(self) -> Sequence[int | float] | None:
        """Returns all values, or None for a float range without a step."""
        if self.integer:  # not a tuple: the range may be long
            return range(int(self.low), int(self.high) + 1, int(self.step or 1))
        if self.step is None:
            return None
        count = math.floor((self.high - self.low) / self.step + 1e-9) + 1
        return tuple(self.snap(self.low + i * self.step) for i in range(count))

    def snap(self, value: float) -> int | float:
        """Returns `value` rounded to the nearest step, without floating-point noise."""
        if self.step is None:
            return round(value) if self.integer else float(value)
        snapped = self.low + round((value - self.low) / self.step) * self.step
        return round(snapped) if self.integer else round(snapped, 12)


Parameter = Choice | Range


def spelled(parameter: Parameter) -> str:
    """Returns the values of a parameter as text, such as `1 to 9, step 2`."""
    if isinstance(parameter, Choice):
        return ", ".join(str(choice) for choice in parameter.choices)
    step = f", step {parameter.step:g}" if parameter.step else ""
    return f"{parameter.low:g} to {parameter.high:g}{step}{', log scale' if parameter.log else ''}"


@dataclass(frozen=True)
class Space:
    """A search space.

    Attributes:
        parameters: the searched parameters; conditions only name earlier ones.
        pins: values that the space fixes; they are set in the configuration, not searched.
        constants: values of the configuration keys that conditions name and that are not searched.
    """

    parameters: tuple[Parameter, ...]
    pins: Mapping[str, Value] = field(default_factory=dict)
    constants: Mapping[str, Value] = field(default_factory=dict)

    def active(self, parameter: Parameter, point: Mapping[str, Any]) -> bool:
        """Returns whether `parameter` is active, given the values of the earlier parameters.

        A condition on an inactive parameter does not hold.
        """
        return all(self._holds(clause, point) for clause in parameter.when)

    def _holds(self, clause: Clause, point: Mapping[str, Any]) -> bool:
        if clause.name in point:
            return clause.holds(point[clause.name])
        return clause.name in self.constants and clause.holds(self.constants[clause.name])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters."""
        return tuple(parameter.name for parameter in self.parameters)

    def longest(self, configured: int) -> int:
        """Returns the maximum number of epochs of an execution."""
        return self.largest("training.epochs", configured)

    def largest(self, name: str, configured: Any) -> int:
        """Returns the largest integer of `name`, or `configured` if it is not in the space."""
        for parameter in self.parameters:
            if parameter.name == name:
                ends = parameter.choices if isinstance(parameter, Choice) else (parameter.high,)
                return max(int(value or 0) for value in ends)
        return int(self.pins.get(name, configured) or 0)

    @cached_property
    def drawn(self) -> tuple[Parameter, ...]:
        """The parameters that can be active in a trial."""
        return tuple(parameter for parameter in self.parameters if not self.never(parameter))

    @cached_property
    def common(self) -> tuple[Parameter, ...]:
        """The parameters that are active in every trial."""
        return tuple(p for p in self.drawn if all(c.name in self.constants for c in p.when))

    def never(self, parameter: Parameter) -> bool:
        """Returns whether a condition on the configuration makes `parameter` always inactive."""
        fixed = [c for c in parameter.when if c.name in self.constants]
        return not all(clause.holds(self.constants[clause.name]) for clause in fixed)

    def build(self, suggest: Callable[[Parameter], Value]) -> Point:
        """Returns a point, with a value from `suggest` for each active parameter."""
        point: Point = {}
        for parameter in self.parameters:
            if self.active(parameter, point):
                point[parameter.name] = suggest(parameter)
        return point

    @cached_property
    def finite(self) -> bool:
        """Whether the number of points is finite."""
        return all(parameter.values() is not None for parameter in self.parameters)

    def points(self) -> Iterator[Point]:
        """Yields every point once; the last parameter changes fastest.

        Raises:
            ValueError: a parameter is a float range without a step.
        """
        yield from self._extend({}, 0)

    def _extend(self, point: Point, index: int) -> Iterator[Point]:
        if index == len(self.parameters):
            yield dict(point)
            return
        parameter = self.parameters[index]
        if not self.active(parameter, point):
            yield from self._extend(point, index + 1)
            return
        values = parameter.values()
        if values is None:
            raise ValueError(f"{parameter.name} is continuous")
        for value in values:
            yield from self._extend({**point, parameter.name: value}, index + 1)

    def has_at_most(self, count: int) -> bool:
        """Returns whether the space is finite and has at most `count` points."""
        return self.finite and sum(1 for _ in islice(self.points(), count + 1)) <= count


def point_key(point: Point, epochs: int | None) -> str:
    """Returns a key that is shared by proposals with the same point and number of epochs."""
    return json.dumps([sorted(point.items()), epochs])
