"""Opens the MLflow UI on the store in use, on this machine only."""

import os
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from urllib.error import URLError
from urllib.request import urlopen

from mlflow import MlflowClient

from search.errors import BadInput
from search.terminal import Parser
from search.tracking.reading import studies
from search.tracking.store import open_store, store_uri

_HOST = "127.0.0.1"
_PORT, _LAST_PORT = 5000, 65535
_READY_WITHIN = 60.0  # seconds


def ui(arguments: list[str]) -> int:
    """Serves the UI until Ctrl-C.

    The server has no login: it listens on the loopback address alone, and neither runs jobs nor
    sends telemetry.

    Raises:
        BadInput: there is no store, or an unknown argument.
    """
    parser = Parser(prog="sweepcast ui")
    parser.add_argument("--port", type=int)
    parser.add_argument("--no-browser", action="store_true")
    options = parser.parse_args(arguments)
    if options.port is not None and not 0 <= options.port <= _LAST_PORT:
        parser.error(f"--port is {options.port}: expected 1 to {_LAST_PORT}, or 0 for a free one")
    uri = store_uri(None)
    page = _first_page(open_store(uri, create=False))
    port = _free_port(options.port)
    address = f"http://{_HOST}:{port}"
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # it leaves no server behind either
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "mlflow", "server", "--host", _HOST, "--port", str(port)),
            *("--backend-store-uri", uri, "--workers", "1"),
        ],
        env={
            **os.environ,
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(server, address)
        sys.stdout.write(f"MLflow UI on {uri}\n{address}/{page}\nCtrl-C ends it.\n")
        sys.stdout.flush()
        if not options.no_browser:
            webbrowser.open(f"{address}/{page}")
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        server.terminate()
        server.wait()


def _first_page(client: MlflowClient) -> str:
    """Returns the page of the runs of the latest study's dataset; MLflow's own without a study."""
    latest = next(iter(studies(client)), None)
    if latest is None:
        return ""
    return f"#/experiments/{client.get_run(latest.run_id).info.experiment_id}/runs"


def _free_port(wanted: int | None) -> int:
    """Returns `wanted`; where none is, MLflow's own port or, if that is taken, a free one.

    Raises:
        BadInput: `wanted` is taken.
    """
    for port in (_PORT, 0) if wanted is None else (wanted,):
        with socket.socket() as probe:
            # As servers do: a port that one has just left is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    taken = "no port is free" if wanted is None else f"port {wanted} is taken"
    raise BadInput(f"{taken} on {_HOST}: set another one with --port")


def _await(server: "subprocess.Popen[bytes]", address: str) -> None:
    deadline = time.monotonic() + _READY_WITHIN
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise BadInput(f"the MLflow server ended at once, with status {server.returncode}")
        try:
            with urlopen(f"{address}/health", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise BadInput(f"the MLflow server did not answer at {address} within {_READY_WITHIN:.0f} s")
