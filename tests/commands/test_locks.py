"""One process a study, and a store that cannot be used for a while."""

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
from search.tracking.store import lock
from search.tracking.store import retries as patience
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
    """Another process that holds the lock of the study `mine`."""
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


def test_a_study_is_run_by_one_process(holder: "subprocess.Popen[str]", tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    with pytest.raises(BadInput, match="study 'mine' is being run by another process"):
        locked(uri, "mine").__enter__()
    with locked(uri, "another"):  # on the same store, at the same time
        pass
    holder.kill()
    holder.wait()
    with locked(uri, "mine"):  # at once: the lock ended with its process
        pass


def test_sweep_refuses_a_study_that_runs_elsewhere(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...]
) -> None:
    with locked(sweepcast.uri, "short"):
        done = sweepcast("sweep", *odd, *short, "space.model.level=[1.0]")
    assert (done.status, "is being run by another process" in done.err) == (2, True)
    assert not sweepcast.runs(kind="study")


def test_a_lease_is_held_while_it_beats(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_BEAT", 0.2)
    monkeypatch.setattr(lock, "_PATIENCE", 2.0)
    monkeypatch.setattr(lock, "SETTLED", 0.4)
    client = open_store(server, create=False)
    run_id = client.create_run(client.create_experiment("leases")).info.run_id

    def lease() -> Any:
        return client.get_run(run_id).data.tags.get(names.LEASE)

    with leased(client, run_id, "mine"), pytest.raises(BadInput, match="run by another process"):
        leased(client, run_id, "mine").__enter__()
    assert lease() is None
    # A holder that was killed: its count stands still, and the lease is taken over.
    client.set_tag(run_id, names.LEASE, json.dumps(["dead", 7]))
    with leased(client, run_id, "mine"):
        assert json.loads(lease())[0] != "dead"
    # One that was silent for so long that another took it over: it writes nothing any more.
    other = MlflowClient(server)
    with leased(client, run_id, "mine"):
        other.set_tag(run_id, names.LEASE, json.dumps(["another", 0]))
        time.sleep(1)
        with pytest.raises(StoreTrouble, match="was taken over by another process"):
            client.get_run(run_id)
    assert json.loads(other.get_run(run_id).data.tags[names.LEASE]) == ["another", 0]


def test_a_holder_that_slept_asks_before_it_writes(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a laptop that was shut: no beat came in time to see that another took over."""
    monkeypatch.setattr(lock, "SETTLED", 0.1)
    client, other = open_store(server, create=False), MlflowClient(server)
    run_id = client.create_run(client.create_experiment("asleep")).info.run_id
    with leased(client, run_id, "mine"):
        client.set_tag(run_id, "mine", "before")
        other.set_tag(run_id, names.LEASE, json.dumps(["another", 0]))
        monkeypatch.setattr(lock, "_BEAT", 0.0)  # any pause is a long one now
        with pytest.raises(StoreTrouble, match="was taken over by another process"):
            client.set_tag(run_id, "mine", "after")
        # Nor is a call tried again that had begun before.
        stubborn: Any = Stubborn(failures=1)
        waiting: Any = PatientClient(stubborn)
        monkeypatch.setattr(patience, "_PAUSES", (0.01, 0.02))
        with (
            waiting.guarded(lambda: client.get_run(run_id) if stubborn.calls else None),
            pytest.raises(StoreTrouble, match="was taken over"),
        ):
            waiting.log_artifacts("a", "b")
        assert stubborn.calls == 1
    assert other.get_run(run_id).data.tags["mine"] == "before"


def test_of_a_new_study_started_twice_on_a_server_one_goes_on(server: str) -> None:
    """Neither finds the other's study when it looks for it, just before it makes its own."""
    starting = threading.Barrier(2, timeout=60)
    found = studies.open_study

    def at_once(*arguments: Any, **keywords: Any) -> Any:
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
        patch.setattr(studies, "open_study", at_once)
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


def test_a_study_runs_on_a_server_which_has_a_ui_of_its_own(
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
    """A client whose disk is full for a while."""

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


def test_a_full_disk_is_waited_for_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(patience, "_PAUSES", (0.01, 0.02))
    stubborn: Any = Stubborn(failures=3)
    assert PatientClient(stubborn).log_artifacts("a", "b") == "ab"
    assert stubborn.calls == 4
    assert capsys.readouterr().err.count("No space left on device") == 1
    with pytest.raises(FileNotFoundError):
        PatientClient(stubborn).missing()
    monkeypatch.setattr(patience, "_PATIENCE", 0.05)
    with pytest.raises(StoreTrouble, match="the same command goes on"):
        PatientClient(Stubborn(failures=10**6)).log_artifacts("a", "b")  # type: ignore[arg-type]
