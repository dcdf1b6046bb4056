"""Conditions of a search space: when a parameter is active.

A value (`when: {training.optimizer: sgd}`) tests for equality, a list for membership, and a string
such as `">0"` for order. All clauses must hold. A clause may name any configuration key, whether it
is searched or not.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from search.config.dotted import flatten
from search.errors import BadInput

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_COMPARISON = re.compile(r"^\s*(>=|<=|!=|==|>|<)\s*(.+?)\s*$")


@dataclass(frozen=True)
class Clause:
    """A comparison of the configuration key `name` with an operand."""

    name: str
    symbol: str
    operand: Any

    def holds(self, value: Any) -> bool:
        """Returns whether `value` satisfies the clause; `<` and `>` are false for non-numbers."""
        if self.symbol == "in":
            return any(same(value, option) for option in self.operand)
        if self.symbol in ("==", "!="):
            return same(value, self.operand) is (self.symbol == "==")
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return _COMPARISONS[self.symbol](value, self.operand)

    def __str__(self) -> str:
        return f"{self.name} {self.symbol} {self.operand}"


def same(left: Any, right: Any) -> bool:
    """Returns whether the values are equal; unlike in Python, True does not equal 1."""
    return isinstance(left, bool) is isinstance(right, bool) and bool(left == right)


def parse_when(owner: str, when: Any) -> tuple[Clause, ...]:
    """Returns the clauses of the `when:` mapping of the parameter `owner`.

    Raises:
        BadInput: `when` is not a mapping, is empty, or has `<` or `>` without a number.
    """
    named = flatten(when) if isinstance(when, Mapping) else {}
    if not named:
        raise BadInput(
            f"space.{owner}.when is {when!r}: expected a mapping such as "
            "{training.optimizer: sgd}, {model.conv.layers: '>0'} or {task.horizon: [1, 7]}"
        )
    return tuple(_parse_clause(owner, name, operand) for name, operand in named.items())


def _parse_clause(owner: str, name: str, operand: Any) -> Clause:
    if isinstance(operand, (list, tuple)):
        return Clause(name, "in", tuple(operand))
    match = _COMPARISON.match(operand) if isinstance(operand, str) else None
    if match is None:
        return Clause(name, "==", operand)
    symbol, text = match.groups()
    number = _number(text)
    if number is not None:
        return Clause(name, symbol, number)
    if symbol in ("==", "!="):
        return Clause(name, symbol, {"true": True, "false": False, "null": None}.get(text, text))
    raise BadInput(
        f"space.{owner}.when compares {name} with {text!r}, which is not a number;\n"
        f"{symbol} needs a number, e.g. '{symbol}0'; use a plain value for equality, a list for "
        "membership"
    )


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None
