"""Schemas of the groups with a `_target_`, taken from the signatures of their builders."""

import inspect
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import field, fields, make_dataclass
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any, cast, get_type_hints

from omegaconf import OmegaConf
from omegaconf.errors import ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException

from search.errors import BadInput, nearest

OWN_KEYS = {"dataset": ("_target_", "name", "max_gap")}
COMMON_KEYS = ("_target_", "name")


def builder_of(group: str, options: Mapping[str, Any]) -> Callable[..., Any]:
    """Returns the function that `options["_target_"]` names.

    Raises:
        BadInput: there is no `_target_`, or it cannot be imported or is not a function.
    """
    target = options.get("_target_")
    if not target:
        raise BadInput(
            f"{group} has no builder: set {group}._target_ to package.function in its yaml"
        )
    module, _, function = str(target).rpartition(".")
    try:
        found = getattr(import_module(module), function)
    except Exception as error:  # noqa: BLE001  # importing a user's package can raise anything
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise BadInput(
            f"{group}._target_ is {target!r}, which cannot be imported:\n{reason}\n"
            "set it to package.function of an installed package"
        ) from None
    if not inspect.isfunction(found):
        raise BadInput(f"{group}._target_ is {target!r}, which is not a Python function")
    return cast(Callable[..., Any], found)


def checked_options(
    group: str, options: Mapping[str, Any], supplied: Collection[str] = ()
) -> dict[str, Any]:
    """Returns the options of a group, with the defaults and types of its builder's signature.

    Args:
        group: dataset, model, backend or pruner.
        options: options of the group, as composed by Hydra.
        supplied: names of builder parameters that the program supplies.

    Raises:
        BadInput: a key is unknown or missing, or has the wrong type.
    """
    common_keys = OWN_KEYS.get(group, COMMON_KEYS)
    typed = _typed(group, options, supplied)
    try:
        OmegaConf.to_object(typed)  # runs the checks in __post_init__ of the options
        own = OmegaConf.to_container(typed, throw_on_missing=True)
    except MissingMandatoryValue as error:
        raise BadInput(f"{group}.{error.full_key} is not set and has no default") from None
    except ValueError as error:
        raise BadInput(str(error)) from None
    common = {key: options[key] for key in common_keys if key in options}
    common.setdefault("name", str(options["_target_"]).rpartition(".")[2])
    return {**common, **cast(dict[str, Any], own)}


def call_builder(group: str, options: Mapping[str, Any], **supplied: Any) -> Any:
    """Calls the builder of a group with its options and the supplied arguments."""
    own = OmegaConf.to_object(_typed(group, options, supplied))
    return builder_of(group, options)(**supplied, **vars(own))


def _typed(group: str, options: Mapping[str, Any], supplied: Collection[str]) -> Any:
    """Returns the options of the builder as a structured OmegaConf node.

    Raises:
        BadInput: a key is unknown or has the wrong type.
    """
    schema = _schema(builder_of(group, options), supplied)
    common_keys = OWN_KEYS.get(group, COMMON_KEYS)
    own = {key: value for key, value in options.items() if key not in common_keys}
    try:
        return OmegaConf.merge(schema, own)
    except ConfigKeyError as error:
        known = [entry.name for entry in fields(error.object_type)] if error.object_type else []
        raise BadInput(
            f"{group}.{error.full_key} is not an option of {options['_target_']}:\n"
            f"{nearest(error.key, known)}"
        ) from None
    except OmegaConfBaseException as error:
        raise BadInput(f"{group}.{error.full_key}: {str(error).splitlines()[0]}") from None


def _schema(builder: Callable[..., Any], supplied: Collection[str]) -> Any:
    """Returns the parameters of the builder as a structured OmegaConf node."""
    annotations = {k: v for k, v in builder.__annotations__.items() if k != "return"}
    # Skip the return type: it may name keras.Model, which only type checkers import.
    hints = get_type_hints(
        SimpleNamespace(__annotations__=annotations), vars(sys.modules[builder.__module__])
    )
    entries: list[Any] = []
    for name, parameter in inspect.signature(builder).parameters.items():
        if name in supplied or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        has_default = parameter.default is not inspect.Parameter.empty
        spec = field(default_factory=partial(_value, parameter.default)) if has_default else field()
        entries.append((name, hints.get(name, Any), spec))
    return OmegaConf.structured(make_dataclass("Options", entries, kw_only=True))


def _value(default: Any) -> Any:
    return default
