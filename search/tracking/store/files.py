"""Reads and writes the files of runs and registered models without trusting recorded paths.

The store records absolute paths. In a local store, a path is used only if it is inside the store's
own folder. Otherwise, for example after the store was moved, the files are looked up there.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.exceptions import MlflowException

from search.errors import BadInput
from search.tracking.store.retries import patient

SQLITE = "sqlite:///"
MODEL_ID = re.compile(r"m-[0-9a-f]{32}")
_ID = re.compile(r"(m-)?[0-9a-f]{32}")  # id of a run or a model


def artifacts_root(uri: str) -> Path:
    """Returns the folder with the files of the local store at `uri`.

    Raises:
        BadInput: the folder is a link that points outside the store.
    """
    return _within(Path(uri.removeprefix(SQLITE)).resolve().parent, "artifacts")


def read_artifact(client: MlflowClient, run_id: str, name: str) -> str | None:
    """Returns the text of an artifact, or None if there is no such artifact.

    Raises:
        BadInput: the artifact is outside the store, or is not text in UTF-8.
    """
    found = read_bytes(client, run_id, name)
    try:
        return None if found is None else found.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{name} of run {run_id} is damaged: {error}") from None


def read_bytes(client: MlflowClient, run_id: str, name: str) -> bytes | None:
    """Returns the content of an artifact, or None if there is no such artifact.

    Raises:
        BadInput: the artifact is outside the store.
    """
    address = str(client.get_run(run_id).info.artifact_uri)
    if _is_file(client, address):
        folder = _folder(client, address, run_id)
        path = _within(folder, name) if folder else None
        return path.read_bytes() if path and path.is_file() else None
    if not any(entry.path == name for entry in client.list_artifacts(run_id)):
        return None
    with tempfile.TemporaryDirectory(prefix="sweepcast-") as place:
        return Path(client.download_artifacts(run_id, name, place)).read_bytes()


def write_files(client: MlflowClient, run_id: str, files: Mapping[str, bytes]) -> None:
    """Writes artifacts, given by file name. In a local store that was moved, uses the new folder.

    Raises:
        BadInput: the run's folder, or a link in it, points outside the store.
    """
    run = client.get_run(run_id)
    address = str(run.info.artifact_uri)
    if client.tracking_uri.startswith(SQLITE):
        root = artifacts_root(client.tracking_uri)
        experiment = client.get_experiment(run.info.experiment_id).name
        inside = _is_file(client, address) and _path(address).is_relative_to(root)
        folder = _path(address) if inside else _within(root, f"{experiment}/{run_id}/artifacts")
        patient(_write)({_within(folder, name): content for name, content in files.items()})
        return
    with tempfile.TemporaryDirectory(prefix="sweepcast-") as place:
        for name, content in files.items():
            Path(place, name).write_bytes(content)
        client.log_artifacts(run_id, place)


def _write(files: Mapping[Path, bytes]) -> None:
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def check_unmoved(client: MlflowClient, experiment: str) -> None:
    """Checks that MLflow would log the models of an experiment inside the local store.

    Raises:
        BadInput: the recorded folder is outside the store (the store was moved), or is a link.
    """
    if not client.tracking_uri.startswith(SQLITE):
        return
    root = artifacts_root(client.tracking_uri)
    address = str(client.get_experiment(experiment).artifact_location)
    if not (_is_file(client, address) and _path(address).is_relative_to(root)):
        raise BadInput(
            "this store was moved, and MLflow would write the model to the old location:\n"
            "run promote at the old location, or run the sweep again here"
        )
    _within(_path(address), "models")


@contextmanager
def model_files(client: MlflowClient, model_id: str) -> Iterator[Path]:
    """Yields the folder of a logged model, which is downloaded if it is on a server.

    Raises:
        BadInput: the model is outside the store, or no longer exists.
    """
    try:
        address = str(client.get_logged_model(model_id).artifact_location)
    except MlflowException:
        raise BadInput(f"the model {model_id} no longer exists in the store") from None
    if _is_file(client, address):
        folder = _folder(client, address, model_id)
        if folder is None:
            raise BadInput(f"the files of model {model_id} are missing: {address}")
        for path in folder.rglob("*"):
            _within(folder, str(path.relative_to(folder)))
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="sweepcast-") as place:
        yield Path(
            download_artifacts(
                f"models:/{model_id}", dst_path=place, tracking_uri=client.tracking_uri
            )
        )


def _is_file(client: MlflowClient, address: str) -> bool:
    """Returns whether an address is a path on this machine.

    Raises:
        BadInput: the address of a local store is not a path.
    """
    local = urlparse(address).scheme in ("", "file")
    if not local and client.tracking_uri.startswith(SQLITE):
        raise BadInput(f"{address} is outside the store: it is neither read nor written")
    return local


def _path(address: str) -> Path:
    return Path(url2pathname(urlparse(address).path)).resolve()


def _folder(client: MlflowClient, address: str, owner: str) -> Path | None:
    """Returns the folder of a run or model on this machine, or None if it is missing.

    Raises:
        BadInput: the folder is outside the store.
    """
    recorded = _path(address)
    if not client.tracking_uri.startswith(SQLITE):
        return recorded if recorded.is_dir() else None  # the server is on this machine
    if not _ID.fullmatch(owner):
        raise BadInput(f"{owner!r} is not an MLflow id: this store was tampered with")
    root = artifacts_root(client.tracking_uri)
    if recorded.is_relative_to(root) and recorded.is_dir():
        return recorded
    beside = next(root.glob(f"**/{owner}/artifacts"), None)
    if beside is None and recorded.is_dir():
        raise BadInput(
            f"the files of {owner} are outside the store and are not read: {recorded}\n"
            f"copy them into {root}, to <experiment>/<id>/artifacts"
        )
    return _within(root, str(beside.relative_to(root))) if beside else None


def _within(folder: Path, name: str) -> Path:
    """Returns `folder / name` with all links resolved.

    Raises:
        BadInput: the result is outside `folder`.
    """
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise BadInput(f"{folder / name} points outside its folder, to {path}: it is not used")
    return path
