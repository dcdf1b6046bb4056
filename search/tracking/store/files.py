"""The files of runs and of registered models, which are not trusted to lie where they say.

Addresses in the store are absolute. In a local store they count only while they lie in the store's
own folder; otherwise, as of a store that was moved, the files are looked for there.
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
_ID = re.compile(r"(m-)?[0-9a-f]{32}")  # of a run or a model


def artifacts_root(uri: str) -> Path:
    """Returns the folder that holds the files of the local store at `uri`.

    Raises:
        BadInput: it is a link out of the store.
    """
    return _within(Path(uri.removeprefix(SQLITE)).resolve().parent, "artifacts")


def read_artifact(client: MlflowClient, run_id: str, name: str) -> str | None:
    """Returns the text of an artifact; None where there is none.

    Raises:
        BadInput: it lies outside the store, or is no text.
    """
    found = read_bytes(client, run_id, name)
    try:
        return None if found is None else found.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{name} of run {run_id} is damaged: {error}") from None


def read_bytes(client: MlflowClient, run_id: str, name: str) -> bytes | None:
    """Returns an artifact; None where there is none.

    Raises:
        BadInput: it lies outside the store.
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
    """Writes artifacts, by name; of a local store into that store, wherever it was before.

    Raises:
        BadInput: the run's folder, or a link in it, leads out of the store.
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
    """Refuses a local store whose experiment keeps the models that MLflow logs outside of it.

    Raises:
        BadInput: its recorded folder is another one, as of a store that was moved, or a link.
    """
    if not client.tracking_uri.startswith(SQLITE):
        return
    root = artifacts_root(client.tracking_uri)
    address = str(client.get_experiment(experiment).artifact_location)
    if not (_is_file(client, address) and _path(address).is_relative_to(root)):
        raise BadInput(
            "this store was moved, and MLflow would keep the model where it was before:\n"
            "promote in the original place, or sweep again here"
        )
    _within(_path(address), "models")


@contextmanager
def model_files(client: MlflowClient, model_id: str) -> Iterator[Path]:
    """Gives the folder of a logged model, downloaded if it lies on a server.

    Raises:
        BadInput: it lies outside the store, or is gone.
    """
    try:
        address = str(client.get_logged_model(model_id).artifact_location)
    except MlflowException:
        raise BadInput(f"the model {model_id} is gone from the store") from None
    if _is_file(client, address):
        folder = _folder(client, address, model_id)
        if folder is None:
            raise BadInput(f"the files of model {model_id} are gone: {address}")
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
    """Returns whether an address is a path; in a local store, it has to be.

    Raises:
        BadInput: it is something else there.
    """
    local = urlparse(address).scheme in ("", "file")
    if not local and client.tracking_uri.startswith(SQLITE):
        raise BadInput(f"{address} lies outside the store: it is neither read nor written")
    return local


def _path(address: str) -> Path:
    return Path(url2pathname(urlparse(address).path)).resolve()


def _folder(client: MlflowClient, address: str, owner: str) -> Path | None:
    """Returns the folder of a run or model on this machine; None where it is gone.

    Raises:
        BadInput: it lies outside the store.
    """
    recorded = _path(address)
    if not client.tracking_uri.startswith(SQLITE):
        return recorded if recorded.is_dir() else None  # of a server on this machine
    if not _ID.fullmatch(owner):
        raise BadInput(f"{owner!r} is no id that MLflow gives: this store was tampered with")
    root = artifacts_root(client.tracking_uri)
    if recorded.is_relative_to(root) and recorded.is_dir():
        return recorded
    beside = next(root.glob(f"**/{owner}/artifacts"), None)
    if beside is None and recorded.is_dir():
        raise BadInput(
            f"the files of {owner} lie outside the store and are not read: {recorded}\n"
            f"copy them into {root}, keeping <experiment>/<id>/artifacts"
        )
    return _within(root, str(beside.relative_to(root))) if beside else None


def _within(folder: Path, name: str) -> Path:
    """Returns `folder / name`, links followed.

    Raises:
        BadInput: that is not in `folder`.
    """
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise BadInput(f"{folder / name} leads out of its folder, to {path}: it is left alone")
    return path
