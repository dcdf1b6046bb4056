"""A study waits while its tracking server answers 503 or nothing, and then continues."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from mlflow import MlflowClient

LEVELS = "space.model.level=[0.0,1.0,2.0,3.0,4.0,5.0]"
CALM = 60  # requests before the trouble starts, in the middle of the trials


@contextmanager
def troubled(server: str, kind: str, seconds: float) -> Iterator[tuple[str, list[int]]]:
    """Runs a proxy to the server that fails for a while; yields its address and statuses."""
    answered: list[int] = []
    begun: list[float] = []

    class Proxy(BaseHTTPRequestHandler):
        def handle_request(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if len(answered) >= CALM and not begun:
                begun.append(time.monotonic())
            if begun and (
                time.monotonic() < begun[0] + seconds
                # MLflow's client retries a 503 once: only the fourth is sure to reach the program.
                or (kind == "503" and answered.count(503) < 4)
            ):
                if kind == "nothing":
                    time.sleep(max(0.0, begun[0] + seconds - time.monotonic()))
                    self.close_connection = True
                    return
                self.answer(503, b"")
                return
            headers = {k: v for k, v in self.headers.items() if k.lower() != "host"}
            request = Request(server + self.path, body or None, headers, method=self.command)
            try:
                with urlopen(request, timeout=60) as found:
                    self.answer(found.status, found.read())
            except HTTPError as error:
                self.answer(error.code, error.read())

        def answer(self, status: int, body: bytes) -> None:
            answered.append(status)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_request  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}", answered
    finally:
        proxy.shutdown()
        proxy.server_close()


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [
        ("503", 4.0),
        pytest.param("503", 60.0, marks=pytest.mark.chaos),
        pytest.param("nothing", 60.0, marks=pytest.mark.chaos),
    ],
)
def test_a_study_waits_for_the_server_and_continues(
    server: str,
    sweepcast: Any,
    short: tuple[str, ...],
    odd: tuple[str, ...],
    eager: None,
    kind: str,
    seconds: float,
    tmp_path: Path,
) -> None:
    name = f"study.name={tmp_path.name}"
    began = time.monotonic()
    with troubled(server, kind, seconds) as (address, answered):
        command = (*odd, *short, LEVELS, "study.trials=6", name, f"tracking.uri={address}")
        done = sweepcast("sweep", *command)
    assert done.status == 0, done.err
    assert time.monotonic() - began > seconds
    assert "The store is unavailable, waiting" in done.err
    assert (503 in answered) is (kind == "503")
    client = MlflowClient(server)
    experiment = client.get_experiment_by_name("sweepcast/synthetic")
    runs = client.search_runs(
        [experiment.experiment_id], f"tags.`sweepcast.study` = '{tmp_path.name}'"
    )
    assert not [run for run in runs if run.info.status == "RUNNING"]
    trials = [run for run in runs if run.data.tags["sweepcast.kind"] == "trial"]
    ended = [run.data for run in trials if run.data.tags["sweepcast.state"] != "lost"]
    assert sorted(data.tags["sweepcast.trial"] for data in ended) == [*"012345"]
    for data in ended:
        assert data.tags["sweepcast.state"] == "complete"
        assert {"loss", "val_loss", "validation/mae"} <= data.metrics.keys()
