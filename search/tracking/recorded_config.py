"""Reads the configuration of a run from a store that is not trusted."""

from collections.abc import Collection
from typing import Any

import yaml
from mlflow import MlflowClient

from search.config.dotted import flatten
from search.config.schema import Config, from_plain
from search.config.trust import is_trusted, targets_of
from search.errors import BadInput
from search.tracking.reading import Record
from search.tracking.store.files import read_artifact


def config_of(client: MlflowClient, record: Record, trusted: Collection[str] = ()) -> Config:
    """Returns the complete configuration that a run was trained with.

    Raises:
        BadInput: its config.yaml is missing, cannot be read, or uses a builder of another package.
    """
    text = read_artifact(client, record.run_id, "config.yaml")
    if text is None:
        raise BadInput(f"run {record.run_id} has no config.yaml, so it cannot be trained again")
    config = from_plain(recorded_values(record, text))
    for group, target in targets_of(config):
        if not is_trusted(group, target, trusted):
            raise BadInput(
                f"run {record.run_id} uses the {group} builder {target}, "
                "which is not part of Sweepcast:\n"
                f"add --trust {target.partition('.')[0]} if you trust that package and this store"
            )
    return config


def recorded_values(record: Record, text: str) -> dict[str, Any]:
    """Returns the content of a run's config.yaml as nested plain values.

    Raises:
        BadInput: it is not a YAML mapping of plain values. An interpolation is refused, because it
            could read this machine's environment.
    """
    try:
        values = yaml.safe_load(text)
        if not isinstance(values, dict):
            raise yaml.YAMLError("it is not a mapping")
        leaves = flatten(values)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadInput(f"config.yaml of run {record.run_id} cannot be read: {error}") from None
    for key, value in leaves.items():
        if "${" in str(key) + str(value):
            raise BadInput(
                f"config.yaml of run {record.run_id} has an interpolation: {key} is {value!r}"
            )
    return values
