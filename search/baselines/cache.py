"""Caches the forecasts of textbook baselines, so that a second study does not refit them.

The name of a cache file is the SHA-256 of everything that determines the forecasts.
"""

import json
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from datasets.parsing.fetch import cache_directory
from models.baselines import Forecast
from search.config.schema import Task

# Of the methods' code and of the files; raise it to invalidate the files of earlier versions.
_VERSION = 2


def key_of(digest: str, task: Task, block: str, options: Mapping[str, Any]) -> str:
    """Returns the key of a baseline's forecasts (64 hex characters).

    Args:
        digest: digest of the series.
        task: task that defines the targets.
        block: block that the targets belong to.
        options: builder of the baseline and its options, without the time limit.
    """
    try:
        library = metadata.version("statsforecast")
    except metadata.PackageNotFoundError:
        library = ""
    task_fields = {name: value for name, value in asdict(task).items() if name != "window_size"}
    parts = [_VERSION, library, digest, task_fields, block, dict(options)]
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def load(key: str) -> list[Forecast | None] | None:
    """Returns the forecasts of each fold, or None if there is no file or it is damaged."""
    try:
        with _path(key).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            described = json.loads(str(arrays["described"]))
            return [
                None
                if one is None
                else Forecast(one["name"], arrays[f"{i}"], one["settings"], one["parameters"])
                for i, one in enumerate(described)
            ]
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return None


def store(key: str, forecasts: Sequence[Forecast | None]) -> None:
    """Stores the forecasts of each fold; does nothing if they cannot be written."""
    described = [
        f and {"name": f.name, "settings": f.settings, "parameters": f.parameters}
        for f in forecasts
    ]
    arrays = {str(i): f.predictions for i, f in enumerate(forecasts) if f is not None}
    path = _path(key)
    try:
        text = json.dumps(described)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".npz", delete=False) as file:
            np.savez_compressed(file, described=text, **arrays)  # type: ignore[arg-type]
        Path(file.name).replace(path)
    except (OSError, TypeError):  # a user's baseline may have parameters that are not JSON
        return


def _path(key: str) -> Path:
    return cache_directory() / "baselines" / f"{key}.npz"
