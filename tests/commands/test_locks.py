"""Tests that only one process runs a study, and that calls to an unavailable store are retried."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from datasets.synthetic import synthetic
from search.errors import BadInput
from search.tracking import names, studies
from search.tracking.store import lock, retries
from search.tracking.store.connection import open_store
from search.tracking.store.lock import leased, locked
from search.tracking.store.retries import PatientClient, StoreTrouble
from search.tracking.tags import StudyTags

HOLDER = """
import sys, time
from search.tracking.store.lock import locked
with locked(sys.argv[1], "mine"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Starts another process that holds the lock of the study `mine`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, f"sqlite:///{tmp_path}/mlflow.db"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_only_one_process_runs_a_study(holder: "subprocess.Popen[str]", tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    with pytest.raises(BadInput, match="study 'mine' is being run by another process"):
        locked(uri, "mine").__enter__()
    with locked(uri, "another"):  # another study in the same store
        pass
    holder.kill()
    holder.wait()
    with locked(uri, "mine"):  # free immediately: the lock ended with its process
        pass


def test_sweep_refuses_a_study_that_another_process_runs(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...]
) -> None:
    with locked(sweepcast.uri, "short"):
        done = sweepcast("sweep", *odd, *short, "space.model.level=[1.0]")
    assert (done.status, "is being run by another process" in done.err) == (2, True)
    assert not sweepcast.runs(kind="study")


def test_a_lease_is_held_while_heartbeats_continue(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_BEAT", 0.2)
    monkeypatch.setattr(lock, "_PATIENCE", 30.0)  # a slow server must not look like a dead holder
    monkeypatch.setattr(lock, "SETTLED", 0.4)
    client = open_store(server, create=False)
    run_id = client.create_run(client.create_experiment("leases")).info.run_id

    def lease() -> Any:
        return client.get_run(run_id).data.tags.get(names.LEASE)

    with leased(client, run_id, "mine"), pytest.raises(BadInput, match="run by another process"):
        leased(client, run_id, "mine").__enter__()
    assert lease() is None
    # The holder was killed: its count no longer changes, and the lease is taken over.
    monkeypatch.setattr(lock, "_PATIENCE", 2.0)
    client.set_tag(run_id, names.LEASE, json.dumps(["dead", 7]))
    with leased(client, run_id, "mine"):
        assert json.loads(lease())[0] != "dead"
    # The holder sent no heartbeat for so long that another process took over: it stops writing.
    other = MlflowClient(server)

    def take_over() -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:  # a heartbeat that is under way may overwrite the tag
            other.set_tag(run_id, names.LEASE, json.dumps(["another", 0]))
            time.sleep(0.3)  # longer than the time between two heartbeats
            client.get_run(run_id)

    with (
        leased(client, run_id, "mine"),
        pytest.raises(StoreTrouble, match="was taken over by another process"),
    ):
        take_over()
    assert json.loads(other.get_run(run_id).data.tags[names.LEASE]) == ["another", 0]


def test_a_holder_that_slept_checks_its_lease_before_it_writes(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a laptop that slept: no heartbeat has noticed yet that another process took over."""
    monkeypatch.setattr(lock, "SETTLED", 0.1)
    monkeypatch.setattr(lock, "_BEAT", 600.0)  # no heartbeat during the test
    client, other = open_store(server, create=False), MlflowClient(server)
    run_id = client.create_run(client.create_experiment("asleep")).info.run_id
    with leased(client, run_id, "mine"):
        client.set_tag(run_id, "mine", "before")
        other.set_tag(run_id, names.LEASE, json.dumps(["another", 0]))
        monkeypatch.setattr(lock, "_BEAT", 0.0)  # now any pause is too long
        with pytest.raises(StoreTrouble, match="was taken over by another process"):
            client.set_tag(run_id, "mine", "after")
        # A call that started before is not retried either.
        stubborn: Any = Stubborn(failures=1)
        waiting: Any = PatientClient(stubborn)
        monkeypatch.setattr(retries, "_PAUSES", (0.01, 0.02))
        with (
            waiting.guarded(lambda: client.get_run(run_id) if stubborn.calls else None),
            pytest.raises(StoreTrouble, match="was taken over"),
        ):
            waiting.log_artifacts("a", "b")
        assert stubborn.calls == 1
    assert other.get_run(run_id).data.tags["mine"] == "before"


def test_a_new_study_started_twice_on_a_server_continues_once(server: str) -> None:
    """Both processes look for the study before either of them has created it."""
    starting = threading.Barrier(2, timeout=60)
    found = studies.open_study

    def simultaneously(*arguments: Any, **keywords: Any) -> Any:
        starting.wait()
        return found(*arguments, **keywords)

    made: list[Any] = []

    def make() -> None:
        try:
            made.append(
                studies.create(
                    server,
                    dataset="twice",
                    tags=StudyTags("twice", "none", "0" * 64, None),
                    parts={},
                    series=synthetic(steps=20),
                    config_yaml=b"{}",
                )
            )
        except BadInput as error:
            made.append(error)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(studies, "open_study", simultaneously)
        patch.setattr(studies, "SETTLED", 5.0)  # time for the server to create both runs
        makers = [threading.Thread(target=make) for _ in range(2)]
        for maker in makers:
            maker.start()
        for maker in makers:
            maker.join()
    refused = [one for one in made if isinstance(one, BadInput)]
    (ledger,) = [one for one in made if not isinstance(one, BadInput)]
    assert len(refused) == 1
    left = studies.find_same(server, "twice", {})
    assert left is not None
    assert left.record.run_id == ledger.parent


def test_a_study_runs_on_a_server_and_ui_opens_that_server(
    server: str,
    sweepcast: Any,
    short: tuple[str, ...],
    odd: tuple[str, ...],
    eager: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = sweepcast("sweep", *odd, *short, "space.model.level=[1.0]", f"tracking.uri={server}")
    assert done.status == 0, done.err
    client = MlflowClient(server)
    (experiment,) = client.search_experiments(filter_string="name = 'sweepcast/synthetic'")
    runs = client.search_runs([experiment.experiment_id], "tags.`sweepcast.kind` = 'trial'")
    assert [run.data.tags["sweepcast.state"] for run in runs] == ["complete"]
    assert [file.path for file in client.list_artifacts(runs[0].info.run_id)]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    shown = sweepcast("ui", "short", "--no-browser")
    study = runs[0].data.tags["mlflow.parentRunId"]
    assert shown.status == 0, shown.err
    assert f"{server}/#/experiments/{experiment.experiment_id}/runs/{study}?" in shown.out


class Stubborn:
    """A client whose first calls fail because the disk is full."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls = 0

    def log_artifacts(self, run_id: str, folder: str) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise OSError(28, "No space left on device")
        return run_id + folder

    def missing(self) -> None:
        raise FileNotFoundError(2, "no such file")


def test_calls_are_retried_on_a_full_disk_but_not_forever(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(retries, "_PAUSES", (0.01, 0.02))
    stubborn: Any = Stubborn(failures=3)
    assert PatientClient(stubborn).log_artifacts("a", "b") == "ab"
    assert stubborn.calls == 4
    assert capsys.readouterr().err.count("No space left on device") == 1
    with pytest.raises(FileNotFoundError):
        PatientClient(stubborn).missing()
    monkeypatch.setattr(retries, "_PATIENCE", 0.05)
    with pytest.raises(StoreTrouble, match="run the same command to resume"):
        PatientClient(Stubborn(failures=10**6)).log_artifacts("a", "b")  # type: ignore[arg-type]
