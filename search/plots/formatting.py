"""Formatting of numbers, units and long names in figures, charts and reports.

This module does not import matplotlib, so that reports can use it without drawing.
"""

from collections.abc import Sequence
from math import isnan


def number(value: float, unit: str = "") -> str:
    """Returns four significant digits and the unit, with a true minus sign; "–" for NaN."""
    if isnan(value):
        return "–"
    usual = 1e-3 <= abs(value) < 1e3
    digits = (
        f"{value:#.4g}" if usual else f"{value:.0f}" if 1e3 <= abs(value) < 1e7 else f"{value:.4g}"
    )
    return f"{digits} {cut(unit, 12)}".rstrip().replace("-", "−")


def quantity(name: str, unit: str) -> str:
    """Returns the name with the unit, e.g. `error (°C)`, or only the name if there is no unit."""
    return f"{name} ({cut(unit, 20)})" if unit else name


def cut(text: str, length: int) -> str:
    """Returns `text`, cut to `length` characters with an ellipsis in the middle if it is longer."""
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return f"{text[:head]}…{text[len(text) - (length - 1 - head) :]}"


def short_names(names: Sequence[str]) -> list[str]:
    """Returns the last two parts of dotted names, without a shared first part.

    If two of the short names would be equal, the full names are returned.
    """
    parts = [name.split(".") for name in names]
    shared = len(parts) > 1 and all(len(p) > 1 for p in parts) and len({p[0] for p in parts}) == 1
    short = [".".join((p[1:] if shared else p)[-2:]) for p in parts]
    return short if len(set(short)) == len(set(names)) else list(names)
