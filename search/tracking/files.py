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

from search.errors import BadInput

SQLITE = "sqlite:///"
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")


def artifacts_root(uri: str) -> Path:
    """Returns the folder that holds the files of the local store at `uri`."""
    return Path(uri.removeprefix(SQLITE)).resolve().parent / "artifacts"


def read_artifact(client: MlflowClient, run_id: str, name: str) -> str | None:
    """Returns the text of an artifact; None where there is none.

    Raises:
        BadInput: it lies outside the store.
    """
    found = read_bytes(client, run_id, name)
    return None if found is None else found.decode("utf-8")


def read_bytes(client: MlflowClient, run_id: str, name: str) -> bytes | None:
    """Returns an artifact; None where there is none.

    Raises:
        BadInput: it lies outside the store.
    """
    address = str(client.get_run(run_id).info.artifact_uri)
    if _is_local(address):
        folder = _folder(client, address, run_id, _RUN_ID)
        path = _within(folder, name) if folder else None
        return path.read_bytes() if path and path.is_file() else None
    if not any(entry.path == name for entry in client.list_artifacts(run_id)):
        return None
    with tempfile.TemporaryDirectory(prefix="sweepcast-") as place:
        return Path(client.download_artifacts(run_id, name, place)).read_bytes()


def write_files(client: MlflowClient, run_id: str, files: Mapping[str, bytes]) -> None:
    """Writes artifacts, by name; of a store that was moved, into the store as it lies now."""
    run = client.get_run(run_id)
    if is_moved(client, run.info.experiment_id):
        experiment = client.get_experiment(run.info.experiment_id).name
        folder = artifacts_root(client.tracking_uri) / experiment / run_id / "artifacts"
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return
    with tempfile.TemporaryDirectory(prefix="sweepcast-") as place:
        for name, content in files.items():
            Path(place, name).write_bytes(content)
        client.log_artifacts(run_id, place)


def is_moved(client: MlflowClient, experiment: str) -> bool:
    """Returns whether an experiment's recorded folder is not the one of this local store."""
    address = str(client.get_experiment(experiment).artifact_location)
    if not (client.tracking_uri.startswith(SQLITE) and _is_local(address)):
        return False
    recorded = Path(url2pathname(urlparse(address).path)).resolve()
    return not recorded.is_relative_to(artifacts_root(client.tracking_uri))


@contextmanager
def model_files(client: MlflowClient, model_id: str) -> Iterator[Path]:
    """Gives the folder of a logged model, downloaded if it lies on a server.

    Raises:
        BadInput: it lies outside the store, or is gone.
    """
    address = str(client.get_logged_model(model_id).artifact_location)
    if _is_local(address):
        folder = _folder(client, address, model_id, _MODEL_ID)
        if folder is None:
            raise BadInput(f"the files of model {model_id} are gone: {address}")
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="sweepcast-") as place:
        yield Path(
            download_artifacts(
                f"models:/{model_id}", dst_path=place, tracking_uri=client.tracking_uri
            )
        )


def _is_local(address: str) -> bool:
    return urlparse(address).scheme in ("", "file")


def _folder(client: MlflowClient, address: str, owner: str, known: re.Pattern[str]) -> Path | None:
    """Returns the folder of a run or model on this machine; None where it is gone.

    Raises:
        BadInput: it lies outside the store.
    """
    recorded = Path(url2pathname(urlparse(address).path)).resolve()
    if not client.tracking_uri.startswith(SQLITE):
        return recorded if recorded.is_dir() else None  # of a server on this machine
    if not known.fullmatch(owner):
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
        raise BadInput(f"{folder / name} leads out of its folder, to {path}: it is not read")
    return path
