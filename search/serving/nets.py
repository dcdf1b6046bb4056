"""Loads a .keras file that is not trusted: what it may name is checked before Keras reads it."""

import io
import json
import tempfile
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.errors import BadInput

if TYPE_CHECKING:
    import keras

_FILES = {"metadata.json", "config.json", "model.weights.h5"}
# Layers that carry code of their own, or name a file.
_CODE = {"Lambda", "__lambda__", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"}


def load_net(content: bytes, trusted: Collection[str] = ()) -> "keras.Model":
    """Returns the net of a .keras file, in Keras' safe mode, not compiled.

    Args:
        content: of the file.
        trusted: packages beside Keras whose layers it may hold.

    Raises:
        BadInput: it is no such file, or names code or layers of another package.
    """
    _check(content, trusted)
    import keras

    with tempfile.TemporaryDirectory(prefix="sweepcast-") as folder:
        path = Path(folder, "model.keras")
        path.write_bytes(content)
        return keras.saving.load_model(path, compile=False, safe_mode=True)


def _check(content: bytes, trusted: Collection[str]) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            config = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BadInput(f"the stored net is no .keras file: {error}") from None
    if names != _FILES:
        raise BadInput(
            f"the stored net holds {', '.join(sorted(names ^ _FILES))}, which is not as Keras "
            "writes it: it is not loaded"
        )
    for node in _objects(config):
        kind, package = str(node["class_name"]), str(node.get("module") or "keras").split(".")[0]
        if kind in _CODE:
            raise BadInput(f"the stored net holds a {kind}, which is code: it is not loaded")
        if package not in ("keras", "builtins", *trusted):
            raise BadInput(
                f"the stored net holds a {kind} of the package {package}: it is not loaded\n"
                f"add --trust {package} if you trust that package and this store"
            )


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Yields every object that a configuration of Keras describes, wherever in it."""
    if isinstance(config, dict):
        if "class_name" in config:
            yield config
        for value in config.values():
            yield from _objects(value)
    elif isinstance(config, list):
        for value in config:
            yield from _objects(value)
