"""Loads untrusted .keras files: everything they refer to is checked before Keras reads them."""

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
# Exceptions that Keras raises for damaged files.
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
# Layers that contain code or name a file.
_CODE = {"Lambda", "__lambda__", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"}


def load_model(content: bytes, trusted: Collection[str] = ()) -> "keras.Model":
    """Returns the model in a .keras file, loaded in Keras' safe mode and not compiled.

    Args:
        content: content of the file.
        trusted: packages besides Keras whose layers the model may contain.

    Raises:
        BadInput: it is not a .keras file, is damaged, or names code or layers of another package.
    """
    foreign = [node for node in _checked(content, trusted) if _package(node) not in _KERAS]
    for package in trusted:  # registers its layers, which a model may name without a module
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
            raise BadInput(f"the stored model cannot be loaded: {text}") from None


def packages_of(content: bytes) -> set[str]:
    """Returns the packages besides Keras whose layers the model in a .keras file contains.

    Raises:
        BadInput: it is not a .keras file.
    """
    return {_package(node) for node in _objects(_config(content))} - _KERAS


def _checked(content: bytes, trusted: Collection[str]) -> list[dict[str, Any]]:
    """Returns the objects of a model after checking each of them.

    Raises:
        BadInput: it is not a .keras file, or names code or layers of another package.
    """
    objects = list(_objects(_config(content)))
    for node in objects:
        kind, package = str(node["class_name"]), _package(node)
        if kind in _CODE:
            raise BadInput(f"the stored model contains a {kind}, which is code: it is not loaded")
        if package not in {*_KERAS, *trusted}:
            raise BadInput(
                f"the stored model contains a {kind} from the package {package}: it is not loaded\n"
                f"add --trust {package} if you trust that package and this store"
            )
    return objects


def _config(content: bytes) -> Any:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            config = json.loads(archive.read("config.json"))
    except _DAMAGED as error:
        raise BadInput(f"the stored model is not a .keras file: {error}") from None
    if names != _FILES:
        raise BadInput(
            f"the stored model has missing or extra files ({', '.join(sorted(names ^ _FILES))}): "
            "it is not loaded"
        )
    return config


def _class(node: dict[str, Any]) -> Any:
    return getattr(_imported(_module(node)), str(node["class_name"]), None)


def _imported(module: str) -> ModuleType:
    try:
        return import_module(module)
    except Exception as error:  # noqa: BLE001  # importing a user's package may raise anything
        raise BadInput(
            f"{module!r}, whose layers the model may contain, cannot be imported: {error}"
        ) from None


def _module(node: dict[str, Any]) -> str:
    return str(node.get("module") or "keras")


def _package(node: dict[str, Any]) -> str:
    return _module(node).partition(".")[0]


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Yields every object described in a Keras configuration, at any depth."""
    if isinstance(config, dict):
        if "class_name" in config:
            yield config
        for value in config.values():
            yield from _objects(value)
    elif isinstance(config, list):
        for value in config:
            yield from _objects(value)
