"""The identity of a study: the settings that distinguish it from other studies."""

import json
from hashlib import sha256
from typing import Any

from search.config.schema import Config

IDENTITY_GROUPS = ("task", "transform", "model", "space", "training", "backend", "pruner")
IDENTITY_STUDY = ("seed", "executions", "objective")
# Options of the built-in model that were added or renamed later. At these values they do not change
# the identity, so that earlier studies can be resumed.
_LATER = {"ridge_trainable": False, "shrinkage": 0.0}
_RENAMED = {"none": False, "trained": True}


def identity_parts(config: Config, digest: str) -> dict[str, Any]:
    """Returns the settings that identify a study: all but budget, engine and tracking."""
    values = config.plain()
    parts = {group: values[group] for group in IDENTITY_GROUPS}
    parts["model"] = _as_before(values["model"])
    return {
        "dataset_digest": digest,
        **parts,
        "study": {key: values["study"][key] for key in IDENTITY_STUDY},
    }


def _as_before(model: dict[str, Any]) -> dict[str, Any]:
    """Returns the options of a model under their earlier names."""
    kept = {key: value for key, value in model.items() if (key, value) not in _LATER.items()}
    if "skip" in kept:
        kept["skip"] = _RENAMED.get(kept["skip"], kept["skip"])
    return kept


def identity(parts: dict[str, Any]) -> str:
    """Returns the SHA-256 hash (64 hex digits) of `identity_parts`."""
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def study_name(config: Config, identity_hash: str) -> str:
    """Returns `study.name`, or `<dataset>-<model>-<backend>-<6 hex>` if it is not set."""
    parts = (config.dataset["name"], config.model["name"], config.backend["name"])
    return config.study.name or "-".join([*map(str, parts), identity_hash[:6]])
