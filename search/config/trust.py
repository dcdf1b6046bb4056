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
from search.config.dotted import flatten
from search.config.schema import TARGET_GROUPS, Config


@cache
def preset_targets(group: str) -> frozenset[str]:
    """Returns the builders named in the presets of a group."""
    folder = Path(conf.__file__).parent / group
    presets = [yaml.safe_load(path.read_text("utf-8")) or {} for path in folder.glob("*.yaml")]
    named = flatten({str(i): preset.get(group) or preset for i, preset in enumerate(presets)})
    return frozenset(value for key, value in named.items() if key.endswith("._target_"))


def is_trusted(group: str, target: object, trusted: Collection[str]) -> bool:
    """Returns whether a configuration from a store may name the builder `target` in `group`."""
    text = str(target)
    return text in preset_targets(group) or text.partition(".")[0] in trusted


def targets_of(config: Config) -> list[tuple[str, str]]:
    """Returns the builders that a configuration names, each after its group."""
    found = [(group, str(getattr(config, group).get("_target_"))) for group in TARGET_GROUPS]
    return found + [
        ("baselines", str(options.get("_target_")) if isinstance(options, dict) else str(options))
        for options in config.baselines.values()
    ]


def foreign_packages(config: Config) -> list[str]:
    """Returns the packages of the builders in a configuration that no preset names."""
    return sorted(
        {
            name.partition(".")[0]
            for group, name in targets_of(config)
            if not is_trusted(group, name, ())
        }
    )
