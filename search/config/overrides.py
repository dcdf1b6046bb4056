"""An override of a space on the command line replaces what it names; Hydra alone would merge it."""

import re
from typing import Any

# `space.a.b=…`, with Hydra's optional `+` or `++`; a deletion `~space.a.b` needs no rewriting.
_SPACE_OVERRIDE = re.compile(r"^\+{0,2}(space\.[^=]+)=(.*)$", re.DOTALL)


def rewrite_space_overrides(arguments: list[str]) -> list[str]:
    """Returns `arguments` with every override in a space as one that replaces what it names.

    Hydra merges a mapping into the leaf that is there, and refuses a list over a mapping. Set to
    null first, the leaf is replaced by whatever follows, or the one field that is named
    (`….high=512`). All leaves of a group are set to null by one override of the group: of two for
    the same key, `--multirun` would drop the first.
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
    elif node.setdefault(first, {}) is not None:  # else it is null already, and all below it
        _set_null(node[first], rest)


def _braced(node: Any) -> str:
    if node is None:
        return "null"
    return "{" + ", ".join(f"{key}: {_braced(value)}" for key, value in node.items()) + "}"
