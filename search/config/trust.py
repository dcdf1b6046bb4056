"""Restricts the builders that a configuration from a store may name.

A configuration can run code, because its builders are imported and called. A configuration that the
user composes may name any builder. A configuration from a store may name only the builders of
Sweepcast's presets and of the packages that the user trusts.
"""

from collections.abc import Collection
from functools import cache
from pathlib import Path

import yaml

import conf
from search.config.schema import TARGET_GROUPS, Config


@cache
def preset_targets(group: str) -> frozenset[str]:
    """Returns the builders named in the presets of a group."""
    folder = Path(conf.__file__).parent / group
    presets = [yaml.safe_load(path.read_text("utf-8")) or {} for path in folder.glob("*.yaml")]
    found = [(preset.get(group) or preset).get("_target_") for preset in presets]
    return frozenset(target for target in found if target)


def is_trusted(group: str, target: object, trusted: Collection[str]) -> bool:
    """Returns whether a configuration from a store may name the builder `target` in `group`."""
    text = str(target)
    return text in preset_targets(group) or text.partition(".")[0] in trusted


def foreign_packages(config: Config) -> list[str]:
    """Returns the packages of the builders in a configuration that no preset names."""
    targets = [(group, str(getattr(config, group).get("_target_"))) for group in TARGET_GROUPS]
    return sorted(
        {name.partition(".")[0] for group, name in targets if not is_trusted(group, name, ())}
    )
