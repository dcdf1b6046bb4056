"""Makes overrides of a space replace a leaf, where Hydra alone would merge them."""

import re
from typing import Any

# `space.a.b=…`, with Hydra's optional `+` or `++`; a deletion `~space.a.b` needs no change.
_SPACE_OVERRIDE = re.compile(r"^\+{0,2}(space\.[^=]+)=(.*)$", re.DOTALL)


def rewrite_space_overrides(arguments: list[str]) -> list[str]:
    """Returns `arguments` with each `space.*` override rewritten to replace its leaf or field.

    Hydra merges a mapping into the existing leaf and rejects a list in place of a mapping. So each
    leaf, or the one field that is named (`….high=512`), is first set to null and then to its new
    value. One override per group sets all its leaves to null, because `--multirun` keeps only the
    last of two overrides of the same key.
    """
    matches = {i: match for i, a in enumerate(arguments) if (match := _SPACE_OVERRIDE.match(a))}
    last = {match[1]: i for i, match in matches.items()}
    nulls: dict[str, Any] = {}
    for name in last:
        _, group, *path = name.split(".")
        if path:
            _set_null(nulls.setdefault(group, {}), path)
    rewritten: list[str] = []
    for i, argument in enumerate(arguments):
        if i not in matches:
            rewritten.append(argument)
            continue
        rewritten += [f"++space.{group}={_braced(nulls.pop(group))}" for group in list(nulls)]
        name, value = matches[i].groups()
        if last[name] == i:
            rewritten.append(f"++{name}={value}")
    return rewritten


def _set_null(node: dict[str, Any], path: list[str]) -> None:
    first, *rest = path
    if not rest:
        node[first] = None
    elif node.setdefault(first, {}) is not None:  # else the whole node is already null
        _set_null(node[first], rest)


def _braced(node: Any) -> str:
    if node is None:
        return "null"
    return "{" + ", ".join(f"{key}: {_braced(value)}" for key, value in node.items()) + "}"
