"""Serves the MLflow UI for the store in use, on this machine only."""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from mlflow import MlflowClient

from search.errors import BadInput
from search.tracking import names
from search.tracking.reading import find_study, studies

_HOST = "127.0.0.1"
_PORT, LAST_PORT = 5000, 65535
_TRAINING = "workflowType=machine_learning"  # otherwise MLflow shows its menus for agents


def pages_of(client: MlflowClient, study: str | None) -> list[str]:
    """Returns the pages of a study and of its runs, or of the latest dataset's runs."""
    if study is None and not studies(client):
        return [""]  # MLflow's start page
    run = client.get_run(find_study(client, study).run_id).info
    runs = f"#/experiments/{run.experiment_id}/runs"
    if study is None:
        return [f"{runs}?{_TRAINING}"]
    page, view = f"{runs}/{run.run_id}?{_TRAINING}", names.VIEW + run.run_id
    if view not in client.get_experiment(run.experiment_id).tags:
        return [page]
    return [page, f"{runs}?{_TRAINING}&viewStateShareKey={run.run_id}"]


def show(title: str, address: str, pages: list[str], *, browser: bool) -> None:
    """Prints the addresses of pages, one per line, and opens the first one if `browser` is set."""
    sys.stdout.write("\n".join([title, *(f"{address}/{page}" for page in pages)]) + "\n")
    sys.stdout.flush()
    if browser:
        webbrowser.open(f"{address}/{pages[0]}")


def serve(uri: str, port: int, pages: list[str], *, browser: bool) -> int:
    """Runs `mlflow server` in this process, which starts one worker process.

    MLflow forwards Ctrl-C and SIGTERM to the worker and waits for it to end.

    Returns:
        0, or 1 if the server ended before it answered.
    """
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    address = f"http://{_HOST}:{port}"
    answered = threading.Event()

    def announce() -> None:
        while not _answers(address):
            time.sleep(0.1)
        answered.set()
        show(f"MLflow UI on {uri} (stop it with Ctrl-C):", address, pages, browser=browser)

    threading.Thread(target=announce, daemon=True).start()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until MLflow installs its own
    with _silent_errors():
        from mlflow.cli import cli

        words = [
            *("server", "--host", _HOST, "--port", str(port), "--workers", "1"),
            *("--backend-store-uri", uri, "--registry-store-uri", uri),
            *("--uvicorn-opts", "--no-access-log"),
        ]
        with contextlib.suppress(SystemExit):  # how MLflow's command ends
            cli(words)
    if answered.is_set():
        return 0
    sys.stderr.write("The MLflow server ended before it was ready.\n")
    return 1


def _answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/health", timeout=1):
            return True
    except (URLError, OSError):
        return False


@contextlib.contextmanager
def _silent_errors() -> Iterator[None]:
    """Discards what MLflow and its worker write to standard error."""
    error = sys.stderr.fileno()
    kept = os.dup(error)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), error)
    try:
        yield
    finally:
        os.dup2(kept, error)
        os.close(kept)


def free_port(wanted: int | None) -> int:
    """Returns `wanted` or, if that is None, MLflow's default port or any free port.

    Raises:
        BadInput: `wanted` is in use.
    """
    for port in (_PORT, 0) if wanted is None else (wanted,):
        with socket.socket() as probe:
            # As servers do, so that a port that was just released counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    taken = "no port is free" if wanted is None else f"port {wanted} is in use"
    raise BadInput(f"{taken} on {_HOST}: choose another one with --port")
