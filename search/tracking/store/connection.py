"""Finds and opens the MLflow store, and checks that it can be used before anything is written."""

import logging
import os
import sqlite3
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from typing import cast
from urllib.error import URLError
from urllib.request import urlopen

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from search.errors import BadInput
from search.tracking.store.files import SQLITE, artifacts_root
from search.tracking.store.retries import PatientClient

FOLDER = Path("mlruns")
# Type of a store client for packages that do not import mlflow.
Client = MlflowClient
_SERVER_ANSWERS_WITHIN = 5.0  # seconds
# Defaults for MLflow's variables. MLflow's own retries take so long that a lease would miss its
# heartbeats, so `PatientClient` retries instead.
_VARIABLES = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}


def store_uri(configured: str | None) -> str:
    """Returns the tracking URI in use: `tracking.uri`, MLFLOW_TRACKING_URI, or the local store."""
    uri = configured or os.environ.get("MLFLOW_TRACKING_URI")
    if not uri:
        return f"{SQLITE}{(FOLDER / 'mlflow.db').resolve()}"
    if uri.startswith(SQLITE):
        return f"{SQLITE}{Path(uri.removeprefix(SQLITE)).resolve()}"
    return uri


def exists(uri: str) -> bool:
    """Returns whether there is a store at `uri`. A server is assumed to exist."""
    path = Path(uri.removeprefix(SQLITE))
    return not uri.startswith(SQLITE) or (path.exists() and not _is_empty_file(path))


def _is_empty_file(path: Path) -> bool:
    """Returns whether `path` is an empty file, which SQLite treats as a new database."""
    return path.is_file() and path.stat().st_size == 0


def artifact_location(uri: str, experiment: str) -> str | None:
    """Returns the folder for the files of a new experiment; None lets the server choose."""
    if not uri.startswith(SQLITE):
        return None
    return (artifacts_root(uri) / experiment).as_uri()


def open_store(uri: str, *, create: bool) -> MlflowClient:
    """Returns a client of the store at `uri` that retries while the store is unavailable.

    Args:
        uri: tracking URI of the store.
        create: whether to create a local store that does not exist.

    Raises:
        BadInput: the store does not exist, cannot be read or written, or has the schema of another
            MLflow version. It is left unchanged.
    """
    for name in ("alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for name, value in _VARIABLES.items():
        os.environ.setdefault(name, value)
    if uri.startswith(SQLITE):
        _check_sqlite(uri, create=create)
    elif uri.startswith(("http://", "https://")):
        _check_server(uri)
    elif uri.startswith("sqlite:"):
        raise _refused(uri, f"it names no file; write {SQLITE}<file>")
    elif "://" not in uri or uri.startswith("file:"):
        raise BadInput(
            f"the store {uri!r} is a folder, which MLflow no longer supports:\n"
            "set MLFLOW_TRACKING_URI or tracking.uri to sqlite:///<file> or http://<server>"
        )
    try:
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
    except (MlflowException, SQLAlchemyError, ImportError, OSError, ValueError) as error:
        raise _refused(uri, str(error).strip().splitlines()[0]) from None
    return cast(MlflowClient, PatientClient(client))


def _check_sqlite(uri: str, *, create: bool) -> None:
    path = Path(uri.removeprefix(SQLITE))
    if not exists(uri):
        if not create:
            raise BadInput(f"there is no store at {uri}\nstart one with sweepcast sweep")
        make_folder(uri)
        return
    if path.is_dir():
        raise _refused(uri, f"{path} is a folder, not a file")
    try:
        # Read-write: after a kill during a commit, SQLite has to roll the journal back first.
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as database:
            tables = {row[0] for row in database.execute("select name from sqlite_master")}
            found = (
                database.execute("select version_num from alembic_version").fetchone()
                if "alembic_version" in tables
                else None
            )
    except sqlite3.Error as error:
        raise _refused(uri, str(error)) from None
    if tables and found is None:
        raise _refused(uri, "the database contains other tables than MLflow's")
    if found is not None and found[0] != _schema_version():
        raise BadInput(
            f"the store {uri} has the schema {found[0]} of another MLflow version:\n"
            f"the installed one needs {_schema_version()}; back up the store, then run: "
            f"mlflow db upgrade {uri}"
        )
    if not os.access(path, os.W_OK):
        raise _refused(uri, "the file cannot be written")


def make_folder(uri: str) -> None:
    """Creates the folder of a local store if it is missing.

    Raises:
        BadInput: the folder cannot be created or written.
    """
    folder = Path(uri.removeprefix(SQLITE)).parent
    if not _writable_folder(folder):
        raise _refused(uri, f"{folder} cannot be written")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(uri, f"{error.filename} cannot be created ({error.strerror})") from None


def _writable_folder(folder: Path) -> bool:
    """Returns whether `folder` can be created or, if it exists, written."""
    for place in (folder, *folder.parents):
        if place.exists():
            return place.is_dir() and os.access(place, os.W_OK)
    return False


def _schema_version() -> str:
    """Returns the schema version of the installed MLflow.

    Uses private parts of MLflow. A test compares the result with a store that MLflow created.
    """
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from mlflow.store import db_migrations

    config = Config()
    config.set_main_option("script_location", str(Path(db_migrations.__file__).parent))
    return str(ScriptDirectory.from_config(config).get_current_head())


def _check_server(uri: str) -> None:
    try:
        with urlopen(f"{uri.rstrip('/')}/health", timeout=_SERVER_ANSWERS_WITHIN):
            return
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise _refused(uri, f"no MLflow server answers ({error})") from None


def _refused(uri: str, reason: str) -> BadInput:
    return BadInput(
        f"the store {uri} cannot be used: {reason}\n"
        "set MLFLOW_TRACKING_URI or tracking.uri to another one"
    )
