"""Conversion between nested dicts and dotted names."""

import json
from collections.abc import Mapping
from typing import Any, cast


def flatten(values: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Returns the leaves of nested dicts by dotted name."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flat |= flatten(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return flat


def with_values(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Returns a copy of the nested dicts `values` with the dotted names of `changes` set."""
    changed = cast(dict[str, Any], json.loads(json.dumps(values)))
    for name, value in changes.items():
        *path, last = name.split(".")
        node = changed
        for key in path:
            node = node[key]
        node[last] = value
    return changed
