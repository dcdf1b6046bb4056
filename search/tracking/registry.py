"""Registers champions in the MLflow model registry, and reads them back as checked data.

Registered models use MLflow's "python_function" flavour with `loader_module` and `data`.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import pandas as pd
import yaml
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature

from search.errors import BadInput, nearest
from search.tracking.store.files import MODEL_ID, model_files

ALIAS = "champion"
_LOADER = "search.serving.pyfunc"
_SCHEME = "models:/"
_VARIABLE = "MLFLOW_TRACKING_URI"


def model_name(dataset: str) -> str:
    """Returns the model name for a dataset; the registry allows no slash or colon in it."""
    return f"sweepcast-{dataset.replace('/', '-').replace(':', '-')}"


def register(
    client: MlflowClient,
    run_id: str,
    name: str,
    files: Mapping[str, bytes],
    *,
    example: pd.DataFrame,
    answer: pd.DataFrame,
    requirements: Sequence[str],
    description: str,
    tags: Mapping[str, str],
) -> str:
    """Logs a model to a run, registers it, sets the alias and returns the model version.

    Args:
        client: client of the store.
        run_id: id of the champion's run.
        name: name of the registered model.
        files: data files of the model, by file name.
        example: example of an input history.
        answer: output of the model for `example`.
        requirements: requirements for pip.
        description: description in Markdown.
        tags: tags of the model version.
    """
    with _logging_to(client.tracking_uri):
        model_uri = _log(run_id, files, example, answer, requirements)
        try:
            client.get_registered_model(name)
        except MlflowException:
            client.create_registered_model(name)
        version = client.create_model_version(
            name, source=model_uri, run_id=run_id, tags=dict(tags), description=description
        )
    client.set_registered_model_alias(name, ALIAS, version.version)
    return str(version.version)


def _log(
    run_id: str,
    files: Mapping[str, bytes],
    example: pd.DataFrame,
    answer: pd.DataFrame,
    requirements: Sequence[str],
) -> str:
    """Logs the model to its run and returns the model URI."""
    with TemporaryDirectory(prefix="sweepcast-") as place:
        folder = Path(place, "forecaster")
        folder.mkdir()
        for file, content in files.items():
            (folder / file).write_bytes(content)
        with mlflow.start_run(run_id=run_id, log_system_metrics=False):
            logged = mlflow.pyfunc.log_model(
                name="forecaster",
                loader_module=_LOADER,
                data_path=str(folder),
                signature=infer_signature(example, answer),
                input_example=example,
                pip_requirements=list(requirements),
            )
    return str(logged.model_uri)


@contextmanager
def _logging_to(uri: str) -> Iterator[None]:
    """Makes MLflow's fluent functions, the only ones that log models, use the store at `uri`.

    Restores the previous value afterwards: MLflow also sets the environment variable, which later
    commands in this process would use.
    """
    before = os.environ.get(_VARIABLE)
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)  # type: ignore[arg-type]  # None unsets both


@contextmanager
def champion_files(client: MlflowClient, text: str) -> Iterator[Path]:
    """Yields the folder with the data of a registered model.

    Args:
        client: client of the store.
        text: `models:/name/version`, `models:/name@alias`, or a name, which means its champion.

    Raises:
        BadInput: there is no such model, or it was not registered by Sweepcast.
    """
    source = str(_find(client, text).source)
    model_id = source.removeprefix(_SCHEME)
    if not MODEL_ID.fullmatch(model_id):
        raise BadInput(
            f"model {text!r} was not registered by sweepcast promote: its source is {source}"
        )
    with model_files(client, model_id) as folder:
        yield _data_of(folder)


def _find(client: MlflowClient, text: str) -> ModelVersion:
    name, at, alias = text.removeprefix(_SCHEME).partition("@")
    version = ""
    if not at and text.startswith(_SCHEME):
        name, _, version = name.partition("/")
    try:
        if version:
            return client.get_model_version(name, version)
        return client.get_model_version_by_alias(name, alias or ALIAS)
    except MlflowException:
        known = [model.name for model in client.search_registered_models()]
    if name not in known:
        raise BadInput(
            f"there is no registered model {name!r}: {nearest(name, known)}\n"
            "register one with sweepcast promote RUN"
        )
    what = f"version {version!r}" if version else f"alias {alias or ALIAS!r}"
    aliases = client.get_registered_model(name).aliases
    versions = sorted(int(v.version) for v in client.search_model_versions(f"name='{name}'"))
    raise BadInput(
        f"model {name!r} has no {what}: its versions are {', '.join(map(str, versions))}, "
        f"its aliases are {', '.join(sorted(aliases)) or 'none'}"
    )


def _data_of(folder: Path) -> Path:
    """Returns the path of a model's data without loading the model or running its code.

    Raises:
        BadInput: its MLmodel file is missing, or names a loader or code that is not Sweepcast's.
    """
    try:
        described = yaml.safe_load((folder / "MLmodel").read_text("utf-8"))
        flavor = described["flavors"]["python_function"]
        loader, data = flavor["loader_module"], (folder / flavor["data"]).resolve()
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"the model in {folder} cannot be read: {error!r}") from None
    if loader != _LOADER or flavor.get("code") or flavor.get("python_model"):
        what = f"the loader {loader}" if loader != _LOADER else "its own code"
        raise BadInput(
            f"the model in {folder} was not loaded: it uses {what}, which is not part of Sweepcast"
        )
    if not data.is_relative_to(folder.resolve()):
        raise BadInput(f"the model in {folder} was not loaded: its data are outside that folder")
    return Path(data)
