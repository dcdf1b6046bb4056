"""Which builders a configuration may name that comes out of a store.

A configuration is code: the functions that it names are imported and called. What a user composes
may name any; what a store holds only those that Sweepcast's own presets name, and those of packages
that the user says to trust.
"""

from collections.abc import Collection
from functools import cache
from pathlib import Path

import yaml

import conf
from search.config.schema import TARGET_GROUPS, Config


@cache
def preset_targets(group: str) -> frozenset[str]:
    """Returns the builders that the presets of a group name."""
    folder = Path(conf.__file__).parent / group
    presets = [yaml.safe_load(path.read_text("utf-8")) or {} for path in folder.glob("*.yaml")]
    found = [(preset.get(group) or preset).get("_target_") for preset in presets]
    return frozenset(target for target in found if target)


def is_trusted(group: str, target: object, trusted: Collection[str]) -> bool:
    """Returns whether a configuration of a store may name the builder `target` in `group`."""
    text = str(target)
    return text in preset_targets(group) or text.partition(".")[0] in trusted


def foreign_packages(config: Config) -> list[str]:
    """Returns the packages that a configuration names builders of, other than those of presets."""
    targets = [(group, str(getattr(config, group).get("_target_"))) for group in TARGET_GROUPS]
    return sorted(
        {name.partition(".")[0] for group, name in targets if not is_trusted(group, name, ())}
    )
