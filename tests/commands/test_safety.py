"""An untrusted store: nothing in it is executed, and manipulated content is reported."""

import io
import json
import os
import pickle
import shutil
import socket
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from search.config.schema import from_plain
from search.errors import BadInput
from search.tracking.recorded_config import recorded_values


class Evil:
    """Runs a command when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f"touch '{self.marker}'",)


@pytest.fixture(scope="module")
def honest(
    program_in: Callable[[Path], Any],
    tmp_path_factory: pytest.TempPathFactory,
    short: tuple[str, ...],
    eagerly: Callable[[], Any],
) -> Any:
    """A store with a study of one linear model, and its champion."""
    program = program_in(tmp_path_factory.mktemp("honest") / "here")
    with eagerly():
        done = program("train", *short, "model=dense", "model.dense.layers=0")
        assert done.status == 0, done.err
        assert program("promote", "short:best", "--seeds", "1", "--force").status == 0
    return program


@pytest.fixture
def crafted(honest: Any, tmp_path: Path, program_in: Callable[[Path], Any]) -> Any:
    """A copy of that store to tamper with."""
    program = program_in(tmp_path / "crafted")
    shutil.rmtree(program.folder / "mlruns")
    shutil.copytree(honest.folder / "mlruns", program.folder / "mlruns")
    history = program.folder / "history.csv"
    lines = [f"2001-01-{day:02d},{day}" for day in range(1, 32)]
    history.write_text("timestamp,level\n" + "\n".join(lines) + "\n")
    assert program("forecast", "sweepcast-synthetic", "--history", str(history)).status == 0
    return program


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """A file that a successful attack creates."""
    return tmp_path / "executed"


def files_of(program: Any) -> Path:
    """Returns the folder with the artifacts of the trial."""
    (run,) = program.trials("short")
    (folder,) = (program.folder / "mlruns/artifacts").glob(f"**/{run.info.run_id}/artifacts")
    return Path(folder)


def model_of(program: Any) -> Path:
    (folder,) = (program.folder / "mlruns/artifacts").glob("**/models/*/artifacts")
    return Path(folder)


def refused(program: Any, *arguments: str) -> str:
    done = program(*arguments)
    assert done.status == 2, done.out + done.err
    assert 1 <= len(done.err.splitlines()) <= 3
    return str(done.err)


def forecast(program: Any, model: str = "sweepcast-synthetic") -> tuple[str, ...]:
    return ("forecast", model, "--history", str(program.folder / "history.csv"))


EVERYTHING = (("reproduce",), ("evaluate",), ("promote", "--force"))


@pytest.mark.parametrize(
    ("group", "target"),
    [
        ("model", "os.system"),
        ("dataset", "subprocess.check_output"),
        ("backend", "builtins.eval"),
        ("pruner", "search.cli.main"),  # ours, but not a builder
    ],
)
def test_a_configuration_may_name_only_our_builders(
    crafted: Any, marker: Path, group: str, target: str
) -> None:
    path = files_of(crafted) / "config.yaml"
    config = yaml.safe_load(path.read_text("utf-8"))
    config[group] = {"_target_": target, "command": f"touch {marker}"}
    path.write_text(yaml.safe_dump(config))
    for command, *more in EVERYTHING:
        assert target in refused(crafted, command, "short:best", *more)
    assert target in refused(crafted, *forecast(crafted, "short:best"))
    assert not marker.exists()


def test_a_configuration_cannot_run_code(crafted: Any, marker: Path) -> None:
    path = files_of(crafted) / "config.yaml"
    path.write_text(f"training: !!python/object/apply:os.system ['touch {marker}']\n")
    for command, *more in EVERYTHING:
        assert "config.yaml" in refused(crafted, command, "short:best", *more)
    assert not marker.exists()


def with_config(program: Any, group: str, changes: dict[str, Any]) -> None:
    """Changes values in the stored configuration of the trial."""
    path = files_of(program) / "config.yaml"
    config = yaml.safe_load(path.read_text("utf-8"))
    config[group] |= changes
    path.write_text(yaml.safe_dump(config))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that waits for connections."""
    with socket.socket() as waiting:
        waiting.bind(("127.0.0.1", 0))
        waiting.listen()
        waiting.settimeout(0)
        yield waiting


def test_a_stored_scheduler_address_is_not_used(crafted: Any, listener: socket.socket) -> None:
    address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    with_config(crafted, "engine", {"address": address})
    assert crafted("evaluate", "short:best", "--seeds", "1").status == 0
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_a_stored_configuration_cannot_read_environment_variables(
    crafted: Any, listener: socket.socket
) -> None:
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/${{oc.env:HOME}}"
    with_config(crafted, "dataset", {"source": address})
    for command, *more in EVERYTHING:
        assert "has an interpolation" in refused(crafted, command, "short:best", *more)
    assert "has an interpolation" in refused(crafted, *forecast(crafted, "short:best"))
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_an_altered_value_is_named(crafted: Any) -> None:
    with_config(crafted, "study", {"executions": 2})
    for command, *more in EVERYTHING:
        said = refused(crafted, command, "short:best", *more)
        assert "study.executions is 2 in the run, but should be 1" in said


def moved(program: Any, address: str) -> None:
    """Sets the location of the trial's artifacts to `address` in the store."""
    (run,) = program.trials("short")
    with closing(sqlite3.connect(program.folder / "mlruns/mlflow.db")) as database, database:
        database.execute(
            "update runs set artifact_uri = ? where run_uuid = ?", (address, run.info.run_id)
        )


def test_files_outside_the_store_are_not_read(crafted: Any, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    files_of(crafted).rename(outside)
    for address in (str(outside), f"{crafted.folder}/mlruns/artifacts/../../../outside"):
        moved(crafted, address)
        assert "outside the store" in refused(crafted, "reproduce", "short:best")
        assert "outside the store" in refused(crafted, *forecast(crafted, "short:best"))


def test_a_local_store_reads_only_local_files(crafted: Any, listener: socket.socket) -> None:
    host, port = listener.getsockname()
    for scheme in ("ftp", "http", "s3", "mlflow-artifacts"):
        moved(crafted, f"{scheme}://{host}:{port}/x")
        assert "is outside the store" in refused(crafted, "reproduce", "short:best")
        assert "is outside the store" in refused(crafted, *forecast(crafted, "short:best"))
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_nothing_is_written_outside_the_store(crafted: Any, tmp_path: Path) -> None:
    """`evaluate` would write its figures and the user's uncommitted changes there."""
    outside = tmp_path / "outside"
    outside.mkdir()
    with closing(sqlite3.connect(crafted.folder / "mlruns/mlflow.db")) as database, database:
        database.execute(
            "update experiments set artifact_location = ?, name = ? where name like 'sweepcast/%'",
            (str(outside), "sweepcast/../../../../outside"),
        )
    said = refused(crafted, "evaluate", "short:best", "--seeds", "1")
    assert "points outside its folder" in said
    assert not any(outside.iterdir())


def test_an_artifact_folder_that_links_out_of_the_store_is_refused(
    crafted: Any, tmp_path: Path
) -> None:
    folder = crafted.folder / "mlruns/artifacts"
    folder.rename(tmp_path / "outside")
    folder.symlink_to(tmp_path / "outside")
    for command, *more in EVERYTHING:
        assert "points outside its folder" in refused(crafted, command, "short:best", *more)
    assert "points outside its folder" in refused(crafted, *forecast(crafted))


def test_a_model_is_not_logged_outside_the_store(crafted: Any, tmp_path: Path) -> None:
    (models,) = (crafted.folder / "mlruns/artifacts").glob("**/models")
    with closing(sqlite3.connect(crafted.folder / "mlruns/mlflow.db")) as database, database:
        database.execute("update experiments set artifact_location = ?", (str(models.parent),))
    shutil.rmtree(models)
    models.symlink_to(tmp_path)
    before = set(tmp_path.iterdir())
    said = refused(crafted, "promote", "short:best", "--seeds", "1", "--force")
    assert "points outside its folder" in said
    assert set(tmp_path.iterdir()) == before


def test_a_link_out_of_the_store_is_not_followed(crafted: Any, tmp_path: Path) -> None:
    path = files_of(crafted) / "config.yaml"
    secret = tmp_path / "secret.yaml"
    path.rename(secret)
    path.symlink_to(secret)
    assert "points outside its folder" in refused(crafted, "reproduce", "short:best")


def test_a_run_id_is_not_used_as_a_path(crafted: Any) -> None:
    (run,) = crafted.trials("short")
    with closing(sqlite3.connect(crafted.folder / "mlruns/mlflow.db")) as database, database:
        for table in ("runs", "tags", "params", "latest_metrics", "metrics"):
            database.execute(
                f"update {table} set run_uuid = '../../x' where run_uuid = ?", (run.info.run_id,)
            )
        database.execute(
            "update tags set value = '../../x' where key = 'sweepcast.best'",
        )
    assert "there is no run '../../x'" in refused(crafted, "reproduce", "short:best")


def tampered(program: Any, **changes: Any) -> None:
    """Changes the MLflow flavor of the registered model."""
    path = model_of(program) / "MLmodel"
    described = yaml.safe_load(path.read_text("utf-8"))
    described["flavors"]["python_function"] |= changes
    path.write_text(yaml.safe_dump(described))


def test_a_registered_model_cannot_contain_code(crafted: Any, marker: Path) -> None:
    folder = model_of(crafted)
    original = (folder / "MLmodel").read_text("utf-8")
    (folder / "python_model.pkl").write_bytes(pickle.dumps(Evil(marker)))
    (folder / "code").mkdir()
    (folder / "code/evil.py").write_text(f"open({str(marker)!r}, 'w')\n")
    for changes, said in (
        ({"loader_module": "evil", "code": "code"}, "the loader evil"),
        ({"code": "code"}, "its own code"),
        (
            {"loader_module": "mlflow.pyfunc.model", "python_model": "python_model.pkl"},
            "the loader mlflow.pyfunc.model",
        ),
        ({"python_model": "python_model.pkl"}, "its own code"),
        ({"data": "../../../../../.."}, "outside that folder"),
        ({"data": 3}, "cannot be read"),
    ):
        (folder / "MLmodel").write_text(original)
        tampered(crafted, **changes)
        assert said in refused(crafted, *forecast(crafted))
    (folder / "MLmodel").write_text(f"!!python/object/apply:os.system ['touch {marker}']")
    assert "cannot be read" in refused(crafted, *forecast(crafted))
    assert not marker.exists()


def test_links_out_of_a_registered_model_are_refused(crafted: Any, tmp_path: Path) -> None:
    for name in ("MLmodel", "data/forecaster/forecaster.json", "data/forecaster/model.keras"):
        path = model_of(crafted) / name
        content = path.read_bytes()
        secret = tmp_path / path.name
        path.rename(secret)
        path.symlink_to(secret)
        assert "points outside its folder" in refused(crafted, *forecast(crafted))
        path.unlink()
        path.write_bytes(content)


def rewritten(path: Path, change: Callable[[dict[str, Any]], None], **more: bytes) -> None:
    """Rewrites a .keras file with a changed configuration and with `more` files."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(contents["config.json"])
    change(config)
    contents["config.json"] = json.dumps(config).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in {**contents, **more}.items():
            archive.writestr(name, content)
    path.write_bytes(buffer.getvalue())


def test_a_model_may_contain_only_keras_layers(crafted: Any, marker: Path) -> None:
    path = model_of(crafted) / "data/forecaster/model.keras"
    original = path.read_bytes()

    def first(**values: Any) -> Callable[[dict[str, Any]], None]:
        return lambda config: config["config"]["layers"][0].update(values)

    code = {"class_name": "__lambda__", "config": {"value": "4wEAAAAA"}}
    for change, more, said in (
        (first(class_name="Lambda", config={"function": code}), {}, "contains a Lambda"),
        (first(class_name="system", module="os"), {}, "from the package os"),
        (first(class_name="TFSMLayer"), {}, "contains a TFSMLayer"),
        (dict, {"evil.pkl": pickle.dumps(Evil(marker))}, "evil.pkl"),
    ):
        path.write_bytes(original)
        rewritten(path, change, **more)
        assert said in refused(crafted, *forecast(crafted))
    path.write_bytes(pickle.dumps(Evil(marker)))
    assert "is not a .keras file" in refused(crafted, *forecast(crafted))
    assert not marker.exists()


def test_the_description_of_a_model_is_checked(crafted: Any, marker: Path) -> None:
    path = model_of(crafted) / "data/forecaster/forecaster.json"
    spec = json.loads(path.read_text("utf-8"))
    for changes in (
        *({"more": 1}, {"intervals": 3}, {"channels": None}, {"channels": [1]}, {"channels": []}),
        *({"target": 1}, {"window_size": "8"}, {"window_size": 0}, {"max_gap": -1}, {"lag": None}),
        *({"intervals": {"80": {"lower": [1, 2], "upper": [1]}}}, {"threads": True}),
    ):
        path.write_text(json.dumps({**spec, **changes}))
        assert "cannot be read" in refused(crafted, *forecast(crafted))
    for changes in (
        *({"window_size": 7}, {"lag": 1}, {"calendar": 1}),
        {"horizon": 2, "intervals": {}},
        *({"dataset": {"_target_": "datasets.csv.csv", "source": None, "delimiter": [5]}},),
    ):
        path.write_text(json.dumps({**spec, **changes}))
        refused(crafted, *forecast(crafted))
    # An untrusted builder in the description is not used to read the history.
    path.write_text(
        json.dumps({**spec, "dataset": {"_target_": "os.system", "source": None, "name": "x"}})
    )
    assert crafted(*forecast(crafted)).status == 0
    assert not marker.exists()


def test_damaged_files_are_reported(crafted: Any) -> None:
    """A failed disk may leave half of a file, or other content."""
    for name, commands in (
        ("environment.json", [("reproduce", "short:best")]),
        ("predictions.csv", [("reproduce", "short:best"), forecast(crafted, "short:best")]),
        ("config.yaml", [(command, "short:best", *more) for command, *more in EVERYTHING]),
        ("model.keras", [forecast(crafted, "short:best")]),
    ):
        path = files_of(crafted) / name
        content = path.read_bytes()
        half = content[: len(content) // 2]
        for damaged in (b"\xff\xfe\x00", b"[1]", *([half] if name != "predictions.csv" else [])):
            path.write_bytes(damaged)
            for command in commands:
                refused(crafted, *command)
        path.write_bytes(content)
    model = model_of(crafted) / "data/forecaster/model.keras"
    with zipfile.ZipFile(model) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    rewritten(model, dict, **{"model.weights.h5": contents["model.weights.h5"][:-700]})
    assert "cannot be loaded" in refused(crafted, *forecast(crafted))


def test_missing_records_of_a_run_are_named(crafted: Any) -> None:
    (run,) = crafted.trials("short")
    path = crafted.folder / "mlruns/mlflow.db"
    proposal = "insert into tags (key, run_uuid, value) values ('sweepcast.proposal', '{}', '{}')"
    known = f"where run_uuid = '{run.info.run_id}' and key"
    for change, said in (
        ("delete from params where key = 'seed'", "param seed"),
        (proposal.format(run.info.run_id, '{"epochs": "${oc.env:HOME}"}'), "has wrong types"),
        (proposal.format(run.info.run_id, "["), "do not fit its study"),
        (f"update tags set value = 'x' {known} = 'sweepcast.trial'", "no longer exists"),
        (f"update tags set value = 'x' {known} = 'sweepcast.kind'", "is of kind x"),
        (f"update tags set value = 'x' {known} = 'sweepcast.study'", "there is no study 'x'"),
        (f"delete from tags {known} = 'sweepcast.dataset_digest'", "dataset_digest"),
        (f"delete from tags {known} = 'mlflow.parentRunId'", "no longer exists"),
        ("update tags set value = 'short:best' where key = 'sweepcast.best'", "there is no run"),
        ("delete from experiments", "there is no study 'short'"),
    ):
        with closing(sqlite3.connect(path)) as database, closing(sqlite3.connect("")) as before:
            database.backup(before)
            with database:
                database.execute(change)
            assert said in refused(crafted, "reproduce", "short:best")
            before.backup(database)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("delete from logged_models")
    assert "no longer exists in the store" in refused(crafted, *forecast(crafted))


def test_a_damaged_configuration_raises_only_bad_input(crafted: Any) -> None:
    text = (files_of(crafted) / "config.yaml").read_text("utf-8")
    record: Any = SimpleNamespace(run_id="0" * 32)
    for damaged in (
        *(text[:end] for end in range(0, len(text), 31)),
        *(text[:at] + mark + text[at + 1 :] for at in range(0, len(text), 31) for mark in "&*!:{"),
        *("a: 2020-13-45", "a: 2020-01-01", "? null\n: 1", "a: &a\n  b: *a\n", "!!set {a, b}"),
    ):
        with suppress(BadInput):
            from_plain(recorded_values(record, damaged))
