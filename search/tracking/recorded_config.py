"""The configuration that a run was trained with, out of a store that is not trusted."""

from collections.abc import Collection
from typing import Any

import yaml
from mlflow import MlflowClient

from search.config.dotted import flatten
from search.config.schema import (
    TARGET_GROUPS,
    Config,
    from_plain,
)
from search.config.trust import is_trusted
from search.errors import BadInput
from search.tracking.reading import Record
from search.tracking.store.files import read_artifact


def config_of(client: MlflowClient, record: Record, trusted: Collection[str] = ()) -> Config:
    """Returns the complete configuration that a run was trained with.

    Raises:
        BadInput: its config.yaml is gone, cannot be read, or names a builder of another package.
    """
    text = read_artifact(client, record.run_id, "config.yaml")
    if text is None:
        raise BadInput(f"run {record.run_id} has no config.yaml: it cannot be trained again")
    config = from_plain(recorded_values(record, text))
    for group in TARGET_GROUPS:
        target = str(getattr(config, group).get("_target_"))
        if not is_trusted(group, target, trusted):
            raise BadInput(
                f"run {record.run_id} names the {group} builder {target}, which is not ours:\n"
                f"add --trust {target.partition('.')[0]} if you trust that package and this store"
            )
    return config


def recorded_values(record: Record, text: str) -> dict[str, Any]:
    """Returns what the text of a run's config.yaml says, as nested plain values.

    Raises:
        BadInput: it is no mapping in yaml, or not of plain values: what is resolved here could be
            read from this machine's environment.
    """
    try:
        values = yaml.safe_load(text)
        if not isinstance(values, dict):
            raise yaml.YAMLError("it is no mapping")
        leaves = flatten(values)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadInput(f"config.yaml of run {record.run_id} cannot be read: {error}") from None
    for key, value in leaves.items():
        if "${" in str(key) + str(value):
            raise BadInput(
                f"config.yaml of run {record.run_id} is not resolved: {key} is {value!r}"
            )
    return values
