"""How pictures, charts and reports write a number, a unit and a long name.

Apart from what draws them: a report needs no matplotlib for its words.
"""

from collections.abc import Sequence
from math import isnan


def number(value: float, unit: str = "") -> str:
    """Four significant digits and the unit, with a true minus sign; "–" for NaN."""
    if isnan(value):
        return "–"
    usual = 1e-3 <= abs(value) < 1e3
    digits = (
        f"{value:#.4g}" if usual else f"{value:.0f}" if 1e3 <= abs(value) < 1e7 else f"{value:.4g}"
    )
    return f"{digits} {cut(unit, 12)}".rstrip().replace("-", "−")


def quantity(name: str, unit: str) -> str:
    """`error (°C)`, or the bare name of a number without a unit."""
    return f"{name} ({cut(unit, 20)})" if unit else name


def cut(text: str, length: int) -> str:
    """`text`, with an ellipsis in its middle where it is longer than `length` characters."""
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return f"{text[:head]}…{text[len(text) - (length - 1 - head) :]}"


def short_names(names: Sequence[str]) -> list[str]:
    """Dotted names cut to their last two parts, without the part all share; never two alike."""
    parts = [name.split(".") for name in names]
    shared = len(parts) > 1 and all(len(p) > 1 for p in parts) and len({p[0] for p in parts}) == 1
    short = [".".join((p[1:] if shared else p)[-2:]) for p in parts]
    return short if len(set(short)) == len(set(names)) else list(names)
