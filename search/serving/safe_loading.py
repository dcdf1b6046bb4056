"""Loads a .keras file that is not trusted: what it may name is checked before Keras reads it."""

import io
import json
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from search.errors import BadInput

if TYPE_CHECKING:
    import keras

_FILES = {"metadata.json", "config.json", "model.weights.h5"}
_KERAS = {"keras", "builtins"}
# What Keras raises where a file is not as it wrote it.
_DAMAGED = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OSError,
    RuntimeError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
)
# Layers that carry code of their own, or name a file.
_CODE = {"Lambda", "__lambda__", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"}


def load_model(content: bytes, trusted: Collection[str] = ()) -> "keras.Model":
    """Returns the net of a .keras file, in Keras' safe mode, not compiled.

    Args:
        content: of the file.
        trusted: packages beside Keras whose layers it may hold.

    Raises:
        BadInput: it is no such file, is damaged, or names code or layers of another package.
    """
    foreign = [node for node in _checked(content, trusted) if _package(node) not in _KERAS]
    for package in trusted:  # what it registers with Keras, a net may hold by name alone
        _imported(package)
    classes = {str(node.get("registered_name")): _class(node) for node in foreign}
    import keras

    with tempfile.TemporaryDirectory(prefix="sweepcast-") as folder:
        path = Path(folder, "model.keras")
        path.write_bytes(content)
        try:
            return keras.saving.load_model(path, classes, compile=False, safe_mode=True)
        except _DAMAGED as error:
            text = (str(error).strip() or repr(error)).splitlines()[0]
            raise BadInput(f"the stored net cannot be loaded: {text}") from None


def packages_of(content: bytes) -> set[str]:
    """Returns the packages beside Keras whose layers the net in a .keras file holds.

    Raises:
        BadInput: it is no such file.
    """
    return {_package(node) for node in _objects(_config(content))} - _KERAS


def _checked(content: bytes, trusted: Collection[str]) -> list[dict[str, Any]]:
    """Returns the objects of a net after checking each of them.

    Raises:
        BadInput: it is no .keras file, or names code or layers of another package.
    """
    objects = list(_objects(_config(content)))
    for node in objects:
        kind, package = str(node["class_name"]), _package(node)
        if kind in _CODE:
            raise BadInput(f"the stored net holds a {kind}, which is code: it is not loaded")
        if package not in {*_KERAS, *trusted}:
            raise BadInput(
                f"the stored net holds a {kind} of the package {package}: it is not loaded\n"
                f"add --trust {package} if you trust that package and this store"
            )
    return objects


def _config(content: bytes) -> Any:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            config = json.loads(archive.read("config.json"))
    except _DAMAGED as error:
        raise BadInput(f"the stored net is no .keras file: {error}") from None
    if names != _FILES:
        raise BadInput(
            f"the stored net holds {', '.join(sorted(names ^ _FILES))}, which is not as Keras "
            "writes it: it is not loaded"
        )
    return config


def _class(node: dict[str, Any]) -> Any:
    return getattr(_imported(_module(node)), str(node["class_name"]), None)


def _imported(module: str) -> ModuleType:
    try:
        return import_module(module)
    except Exception as error:  # noqa: BLE001  # whatever importing a user's package raises
        raise BadInput(
            f"{module!r}, whose layers the net may hold, cannot be imported: {error}"
        ) from None


def _module(node: dict[str, Any]) -> str:
    return str(node.get("module") or "keras")


def _package(node: dict[str, Any]) -> str:
    return _module(node).partition(".")[0]


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
