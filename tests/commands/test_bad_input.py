"""Bad input over the whole command line.

Each case exits with status 2 and prints one to three lines that name the error, but no traceback.
All files in the folder, including the store, stay the same.
"""

import hashlib
import shlex
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

# Base configuration of the `sweep` and `train` cases: a small study of 200 steps.
SMALL = """
# @package _global_
defaults:
  - override /dataset: synthetic
  - override /space: []
  - override /model: dense
  - override /engine: inline
dataset: {steps: 200, period: 24}
task: {window_size: 8, validation: 30, test: 20, season: 24}
model: {dense: {layers: 0}}
training: {epochs: 1}
study: {trials: 1, name: mine}
"""

DAYS = [f"2024-01-{day:02d}" for day in range(1, 32)]


def table(*rows: str) -> bytes:
    return "\n".join(["day,level", *rows, ""]).encode()


ROWS = [f"{day},{number % 7}" for number, day in enumerate(DAYS)]
# Files in the working directory of each case.
FILES = {
    "good.csv": table(*ROWS),
    "empty.csv": b"",
    "binary.csv": bytes(range(256)) * 8,
    "truncated.csv": table(*ROWS)[:-6],
    "word.csv": table(*ROWS[:4], f"{DAYS[4]},high", *ROWS[5:]),
    "twice.csv": table(*ROWS[:5], *ROWS[4:]),
    "unsorted.csv": table(*ROWS[:4], ROWS[5], ROWS[4], *ROWS[6:]),
    "gap.csv": table(*ROWS[:5], *ROWS[13:]),
    "conf/experiment/unfinished.yaml": b"training: {epochs: 3",
}
CSV = "dataset=csv ~dataset.steps ~dataset.period task.validation=5 task.test=3 task.window_size=4"

COMMANDS = [
    ("swep", "did you mean 'sweep'?"),
    ("sweep-all study.trials=3", "has no command 'sweep-all'"),
    ("leaderboard", "there is no store"),
    ("leaderboard --top 0", "--top is 0: expected 1 or more"),
    ("leaderboard --top ten", "invalid int value: 'ten'"),
    ("leaderboard --tops 3", "unrecognized arguments: --tops"),
    ("leaderboard one two", "unrecognized arguments: two"),
    ("studies", "there is no store"),
    ("studies all", "unrecognized arguments: all"),
    ("evaluate", "required: RUN"),
    ("evaluate any:best", "there is no store"),
    ("evaluate any --seeds few", "invalid int value: 'few'"),
    ("reproduce", "required: RUN"),
    ("reproduce any:best", "there is no store"),
    ("reproduce any --tolerance nan", "--tolerance is nan"),
    ("ui", "there is no store"),
    ("ui --port 99999", "--port is 99999: expected 1 to 65535"),
    ("ui --port http", "invalid int value: 'http'"),
    ("sweep --trials 3", "unrecognized arguments: --trials"),
    ("sweep --cfg nothing", "invalid choice: 'nothing'"),
    ("sweep --cfg job --package nothing", "package 'nothing' not found"),
    ("sweep --config-name mine", "--config-name is 'mine'"),
    ("sweep --config-dir nowhere", "nowhere' not found"),
    ("sweep --resolve", "--resolve"),
]
CONFIGURATION = [
    ("sweep study", "Error parsing override 'study'"),
    ("sweep 'space=[conv1d'", "no viable alternative at input '[conv1d'"),
    ("sweep training.epoch=3", "did you mean 'training.epochs'?"),
    ("sweep ~training.nothing", "'training.nothing' does not exist"),
    ("sweep +dataset.step=3", "did you mean 'steps'?"),
    ("sweep study.finalists=-1", "study.finalists is -1"),
    ("sweep study.finalist_executions=0", "study.finalist_executions is 0"),
    ("sweep transform.seasonal_difference=maybe", "transform.seasonal_difference"),
    ("sweep model.skip=maybe", "model.skip"),
    ("sweep transform.seasonal_difference=true task.season=160", "plus a season of 160 steps"),
    ("sweep dataset=seatle", "did you mean 'seattle'?"),
    ("sweep backend=optunna", "did you mean 'optuna'?"),
    ("sweep experiment=quickstrat", "did you mean 'quickstart'?"),
    ("sweep 'space=[conv2d]'", "did you mean 'conv1d'?"),
    ("sweep --config-dir conf experiment=unfinished", "experiment/unfinished.yaml"),
    ("sweep training.epochs=many", "'many'"),
    ("sweep training.epochs=0", "training.epochs is 0: expected a number of at least 1"),
    ("train training.epochs=0", "training.epochs is 0: expected a number of at least 1"),
    ("sweep training.optimizer=admm", "did you mean 'adam'?"),
    ("sweep model.dense.activation=reluu", "Did you mean 'relu'?"),
    ("sweep model.head=flat", "did you mean 'flatten'?"),
    ("sweep dataset._target_=os.getcwd", "which is not a Python function"),
    ("sweep backend._target_=builtins.len", "which is not a Python function"),
    ("sweep pruner._target_=builtins.dict", "which is not a Python function"),
    (
        "sweep 'space.training.loss={choices: [mse], when: {training.optimizer: foo}}'",
        "training.optimizer == foo is never true",
    ),
    (
        "sweep \"space.training.loss={choices: [mse], when: {training.epochs: '>9'}}\""
        " space.training.epochs=[1,2]",
        "space.training.epochs has the values 1, 2",
    ),
    (
        "sweep 'space.training.batch_size={low: 1, high: 10, step: 20}'",
        "larger than the range from 1 to 10",
    ),
    ("sweep model._target_=nowhere.net", "No module named 'nowhere'"),
    ("sweep dataset.max_gap=long", "dataset.max_gap is 'long'"),
    ("sweep study.seed=-1", "study.seed is -1"),
    ("sweep study.objective=test/mae", "study.objective is 'test/mae'"),
    ("sweep study.seed=-1,-2 --multirun", "study.seed is -2"),
    ("sweep engine.workers=many", "engine.workers is 'many'"),
    ("sweep engine.memory_limit=lots", "engine.memory_limit is 'lots'"),
    ("sweep engine.address=tcp://127.0.0.1:9", "no Dask scheduler answers there"),
    ("sweep 'task.season=${task.nothing}'", "task.season"),
    ("sweep task.window_size=500", "task.window_size=500 is longer than the 150 steps"),
    ("sweep task.horizon=31", "task.horizon=31"),
    ("sweep task.validation=180", "leave 0 to train on"),
]
SPACES = [
    ("sweep 'space.training.epochs={low: 9, high: 3}'", "low 9 above high 3"),
    ("sweep 'space.training.epochs={low: 1, high: 9, step: 2, log: true}'", "both step and log"),
    ("sweep 'space.training.momentum={low: 0.0, high: 0.9, log: true}'", "log scale from 0.0"),
    ("sweep 'space.training.epochs=[1, 2, 1]'", "has the value 1 twice"),
    ("sweep 'space.training.epochs=[]'", "expected a non-empty list"),
    ("sweep 'space.study.seed=[1, 2]'", "space.study.seed is not a configuration key that can be"),
    ("sweep 'space.task.test=[10, 20]'", "space.task.test cannot be searched"),
    ("sweep 'space.task.window_size=[8, 500]'", "task.window_size=500 is longer"),
    (
        "sweep 'space.training.loss={choices: [mse], when: {training.optimiser: sgd}}'",
        "did you mean 'training.optimizer'?",
    ),
    (
        "sweep 'space.training.loss={choices: [mse], when: {training.epochs: 1}}'"
        " 'space.training.epochs={choices: [1], when: {training.loss: mse}}'",
        "form a cycle",
    ),
    (
        "sweep backend=optuna_grid 'space.training.momentum={low: 0.1, high: 0.9}'",
        "space.training.momentum has no step",
    ),
]
DATA = [
    ("dataset.source=nowhere.csv", "nowhere.csv does not exist"),
    ("dataset.source=empty.csv", "empty.csv is empty"),
    ("dataset.source=binary.csv", "binary.csv is a binary file"),
    ("dataset.source=truncated.csv", "truncated.csv, line 32"),
    ("dataset.source=word.csv", "word.csv, line 6, column 2 (level): 'high'"),
    ("dataset.source=twice.csv", "twice.csv, line 7, column 1 (day): 2024-01-05 is a duplicate"),
    ("dataset.source=unsorted.csv", "unsorted.csv, line 7, column 1 (day)"),
    ("dataset.source=gap.csv", "no reading from 2024-01-06 to 2024-01-13 (8 steps)"),
    ("dataset.source=good.csv dataset.value=levels", "did you mean 'level'?"),
    ("dataset.source=good.csv dataset.time=date", "did you mean 'day'?"),
    (f"dataset.source=good.csv dataset.sha256={'0' * 64}", "sha256"),
    ("dataset.source=http://127.0.0.1:9/level.csv", "could not be fetched: no connection"),
]
CASES = [
    *COMMANDS,
    *CONFIGURATION,
    *SPACES,
    *((f"sweep {CSV} {options}", text) for options, text in DATA),
    ("sweep dataset=giss ~dataset.steps ~dataset.period", "dataset=giss needs a station's file"),
    (
        "sweep dataset=giss ~dataset.steps ~dataset.period dataset.source=good.csv",
        "good.csv is not a GISS station file",
    ),
    (
        "sweep dataset=cet ~dataset.steps ~dataset.period dataset.source=good.csv",
        "matches none of the four layouts",
    ),
]

# ---------------------------------------------------------------- stores


def another_version(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "mlruns/mlflow.db")) as database, database:
        database.execute("update alembic_version set version_num = '0a8213491aaa'")


def foreign(folder: Path) -> None:
    (folder / "mlruns/mlflow.db").unlink()
    with closing(sqlite3.connect(folder / "mlruns/mlflow.db")) as database, database:
        database.execute("create table birds (name)")


def not_a_database(folder: Path) -> None:
    (folder / "mlruns/mlflow.db").write_text("Not a database.\n" * 100)


def truncated(folder: Path) -> None:
    path = folder / "mlruns/mlflow.db"
    path.write_bytes(path.read_bytes()[:-5000])


def a_folder(folder: Path) -> None:
    (folder / "mlruns/mlflow.db").unlink()
    (folder / "mlruns/mlflow.db").mkdir()


def below_a_file(folder: Path) -> None:
    shutil.rmtree(folder / "mlruns")
    (folder / "mlruns").write_text("a file")


def unchanged(folder: Path) -> None:
    """Leaves the store unchanged."""


STORES = [
    (another_version, "studies", "has the schema 0a8213491aaa of another MLflow version"),
    (another_version, "sweep", "has the schema 0a8213491aaa of another MLflow version"),
    (foreign, "leaderboard", "contains other tables than MLflow's"),
    (not_a_database, "studies", "is not a database"),
    (truncated, "sweep", "malformed"),
    (a_folder, "sweep", "is a folder"),
    (below_a_file, "leaderboard", "there is no store"),
    (below_a_file, "sweep", "cannot be created: Not a directory"),
    (unchanged, "leaderboard min", "did you mean 'mine'?"),
    (unchanged, "sweep training.epochs=2", "training.epochs 1 → 2"),
    (unchanged, "sweep study.seed=7 task.window_size=9", "study.seed 42 → 7, task.window_size 8"),
    (unchanged, "sweep study.name=other engine.address=127.0.0.1", "missing port"),
]
ADDRESSES = [
    ("sqlite:///good.csv/mlflow.db", "sweep", "good.csv cannot be written"),
    ("sqlite:////proc/nowhere/mlflow.db", "sweep", "/proc/nowhere cannot be"),
    ("sqlite://", "sweep", "it names no file"),
    ("mlruns", "sweep", "'mlruns' is a folder, which MLflow no longer supports"),
    ("file:///nowhere", "leaderboard", "'file:///nowhere' is a folder"),
    ("http://127.0.0.1:port/", "sweep", "no MLflow server answers"),
    ("http://127.0.0.1:9", "sweep", "no MLflow server answers"),
    ("ledger://here", "sweep", "unsupported URI 'ledger://here'"),
    ("postgresql+nothing://here/there", "studies", "postgresql"),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a configuration folder with the small study."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "experiment").mkdir()
    (folder / "experiment/small.yaml").write_text(SMALL)
    return folder


@pytest.fixture(scope="module")
def studied(small: Path, program_in: Any, eagerly: Any, tmp_path_factory: Any) -> Path:
    """Returns a folder whose store has the study `mine`."""
    program = program_in(tmp_path_factory.mktemp("studied") / "here")
    with eagerly():
        done = program("sweep", "--config-dir", str(small), "experiment=small")
    assert done.status == 0
    return Path(program.folder)


class Here:
    """A folder with files but no store, where each command must be rejected."""

    def __init__(self, program: Any, small: Path) -> None:
        self.program, self.small, self.folder = program, small, program.folder
        shutil.rmtree(self.folder / "mlruns")
        for name, content in FILES.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def error_of(self, line: str) -> str:
        """Runs a command line, checks that it is rejected cleanly, and returns its error text."""
        command, *rest = shlex.split(line)
        if command in ("sweep", "train") and "--config-dir" not in rest:
            rest = ["--config-dir", str(self.small), "experiment=small", *rest]
        before = content_of(self.folder)
        done = self.program(command, *rest)
        assert done.status == 2, done
        assert 1 <= len(done.err.splitlines()) <= 3, done.err
        assert "Traceback" not in done.err + done.out
        assert "best run" not in done.out
        assert content_of(self.folder) == before
        return str(done.err)


@pytest.fixture
def here(program_in: Any, tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    monkeypatch.setenv("SWEEPCAST_CACHE", str(tmp_path / "cache"))
    return Here(program_in(tmp_path / "here"), small)


def content_of(folder: Path) -> dict[str, str]:
    """Returns the digest of each file below `folder`; folders are marked as such."""
    return {
        path.relative_to(folder).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "a folder"
        )
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize(("line", "text"), CASES, ids=[line for line, _ in CASES])
def test_bad_input_is_reported_and_changes_nothing(here: Here, line: str, text: str) -> None:
    assert text in here.error_of(line)


@pytest.mark.parametrize(("damage", "line", "text"), STORES)
def test_an_unusable_store_is_reported_and_left_unchanged(
    here: Here, studied: Path, damage: Callable[[Path], None], line: str, text: str
) -> None:
    shutil.copytree(studied / "mlruns", here.folder / "mlruns")
    damage(here.folder)
    assert text in here.error_of(line)


@pytest.mark.parametrize(("uri", "line", "text"), ADDRESSES)
def test_an_invalid_store_address_is_reported(
    here: Here, monkeypatch: pytest.MonkeyPatch, uri: str, line: str, text: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert text in here.error_of(line)


def test_the_store_in_the_configuration_is_checked_too(here: Here) -> None:
    error = here.error_of("sweep tracking.uri=sqlite:///good.csv/mlflow.db")
    assert "good.csv cannot be written" in error


def test_there_are_at_least_80_cases() -> None:
    assert len({*CASES, *STORES, *ADDRESSES}) >= 80
