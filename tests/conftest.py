"""Fixtures for all tests, and settings that must precede TensorFlow, MLflow and matplotlib.

The fixture `sweepcast` runs the command line in this process, in its own folder, and reads the
store there.
"""

import contextlib
import gc
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlparse
from urllib.request import url2pathname, urlopen

import pytest

from search.engine.environment import environment

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

    from search.config.schema import Config

# One thread, because training results depend on the number of threads, bit for bit.
os.environ.update(environment(threads=1))
# A test must never write to the user's store.
os.environ.pop("MLFLOW_TRACKING_URI", None)


@dataclass(frozen=True)
class Done:
    """The result of a command."""

    status: int
    out: str
    err: str


def without_extras(arguments: tuple[str, ...]) -> list[str]:
    """Adds overrides against textbook baselines and ensembles, unless a test is about them.

    The libraries of these baselines take seconds to import.
    """
    words = list(arguments)
    if words[:1] not in (["sweep"], ["train"]):
        return words
    added = [
        extra
        for key, extra in (("baselines", "baselines=none"), ("study.ensem", "study.ensemble=none"))
        if not any(word.startswith(key) for word in words)
    ]
    overrides = [i for i, w in enumerate(words) if "=" in w and not w.startswith("-")]
    # Hydra takes one run of overrides, before or after its flags.
    if overrides:
        words[overrides[0] : overrides[0]] = added
    elif len(words) == 1:
        words += added
    return words


class Program:
    """Runs `sweepcast` in a folder and reads its store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.uri = f"sqlite:///{folder / 'mlruns/mlflow.db'}"

    def __call__(self, *arguments: str) -> Done:
        from search import cli

        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            status = cli.run(without_extras(arguments))
        return Done(status, out.getvalue(), err.getvalue())

    def start(
        self, *arguments: str, stderr: int | IO[str] = subprocess.STDOUT
    ) -> "subprocess.Popen[str]":
        """Starts a command in its own process group, by default with stderr sent to stdout."""
        return subprocess.Popen(
            [sys.executable, "-m", "search", *without_extras(arguments)],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )

    @property
    def client(self) -> "MlflowClient":
        from mlflow import MlflowClient

        return MlflowClient(self.uri, self.uri)

    def runs(self, **tags: str) -> "list[Run]":
        """Returns the runs with these `sweepcast.` tags, in the order in which they started."""
        wanted = [f"tags.`sweepcast.{name}` = '{value}'" for name, value in tags.items()]
        experiments = [e.experiment_id for e in self.client.search_experiments()]
        return list(
            self.client.search_runs(
                experiments, " and ".join(wanted), order_by=["attributes.start_time ASC"]
            )
        )

    def trials(self, study: str) -> "list[Run]":
        """Returns the runs of a study's trials, including lost ones."""
        return self.runs(kind="trial", study=study)

    def study(self, name: str) -> "Run":
        (run,) = self.runs(kind="study", study=name)
        return run

    def curve(self, run: "Run", key: str) -> list[tuple[int, float]]:
        """Returns the points (step, value) of a metric."""
        history = self.client.get_metric_history(run.info.run_id, key)
        return sorted((point.step, point.value) for point in history)

    def files(self, run: "Run") -> set[str]:
        """Returns the names of the artifacts, as MLflow lists them."""
        return {entry.path for entry in self.client.list_artifacts(run.info.run_id)}

    def path(self, run: "Run", name: str) -> Path:
        """Returns the path of an artifact."""
        return Path(url2pathname(urlparse(run.info.artifact_uri).path), name)


@contextlib.contextmanager
def _served(health: str, *words: str, **variables: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", *words, "--port", str(port)],
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urlopen(f"{address}/{health}", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, "the server ended before it answered"
                time.sleep(0.2)
        else:
            pytest.fail("the server did not answer in time")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="session")
def mlflow_serves() -> Callable[..., Any]:
    """Runs `mlflow <words>` on a free port, waits for its page `health` and yields its address."""
    return _served


@pytest.fixture(scope="module")
def server(
    mlflow_serves: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of an MLflow server."""
    folder = tmp_path_factory.mktemp("server")
    words = (
        *("server", "--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"),
        *("--artifacts-destination", str(folder / "artifacts")),
    )
    with mlflow_serves("health", *words, MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false") as address:
        yield address


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def interrupted() -> Iterator[Callable[["subprocess.Popen[str]"], tuple[int, str]]]:
    """Sends Ctrl-C to a process; returns its exit status and its remaining output.

    Like a terminal, sends it to all processes of the group. Fails if one of them is left running.
    """
    begun: list[int] = []

    def interrupt(process: "subprocess.Popen[str]") -> tuple[int, str]:
        begun.append(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        rest = process.communicate(timeout=120)[0]
        until = time.monotonic() + 60
        while _group_lives(process.pid) and time.monotonic() < until:
            time.sleep(0.1)
        assert not _group_lives(process.pid), "a process was left behind"
        return process.returncode, rest

    yield interrupt
    for group in filter(_group_lives, begun):
        os.killpg(group, signal.SIGKILL)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without runs: creating one takes MLflow 1 to 2 s, but copying it is fast."""
    from search.tracking.store.connection import open_store

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    open_store(f"sqlite:///{path}", create=True)
    return path


@pytest.fixture(scope="session")
def program_in(empty_store: Path) -> Callable[[Path], Program]:
    """Returns a function that sets up the program in a folder."""

    def made(folder: Path) -> Program:
        (folder / "mlruns").mkdir(parents=True)
        shutil.copy(empty_store, folder / "mlruns")
        return Program(folder)

    return made


@pytest.fixture
def sweepcast(program_in: Callable[[Path], Program], tmp_path: Path) -> Program:
    """The program in a folder of its own for each test."""
    return program_in(tmp_path / "here")


@pytest.fixture(scope="session")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., "Config"]:
    """Returns a function that composes the configuration of `sweepcast sweep` with arguments."""
    from search.config import compose

    def made(*arguments: str) -> "Config":
        found: list[Config] = []
        with contextlib.chdir(tmp_path_factory.mktemp("composed")):
            compose.run(
                [*arguments, "baselines=none", "study.ensemble=none"],
                lambda config: len(found.append(config) or ()),
            )
        return found[0]

    return made


@pytest.fixture(scope="session")
def eagerly() -> Callable[[], Any]:
    """Trains without tracing a graph: a tiny model then takes 0.1 s instead of 1 to 4 s."""

    @contextlib.contextmanager
    def switched() -> Iterator[None]:
        import tensorflow as tf

        # Keras collects garbage before each model. Freezing makes it skip the imported modules.
        gc.collect()
        gc.freeze()
        tf.config.run_functions_eagerly(True)
        try:
            yield
        finally:
            tf.config.run_functions_eagerly(False)

    return switched


@pytest.fixture
def eager(eagerly: Callable[[], Any]) -> Iterator[None]:
    """Runs a test eagerly, if the compiled graph is not what it tests."""
    with eagerly():
        yield


@pytest.fixture(scope="session")
def station(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine years of made-up readings of a station in the file format of NASA GISS."""
    months = "JAN,FEB,MAR,APR,MAY,JUN,JUL,AUG,SEP,OCT,NOV,DEC"
    lines = [f"YEAR,{months},D-J-F,M-A-M,J-J-A,S-O-N,metANN"]
    for year in range(2000, 2009):
        cells = [
            f"{10 - 7 * cos(pi * month / 6) + 2 * sin((12 * year + month) ** 2):.2f}"
            for month in range(12)
        ]
        if year == 2003:
            cells[5] = "999.90"
        lines.append(",".join([str(year), *cells, "999.90", "9.11", "15.22", "9.33", "10.44"]))
    path = tmp_path_factory.mktemp("giss") / "station.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def default_config(composed: Callable[..., "Config"]) -> "Config":
    """The validated configuration without overrides and with an empty search space."""
    from search.config.validation import validated

    return validated(composed("space=[]"))


@pytest.fixture(scope="session")
def short() -> tuple[str, ...]:
    """Overrides: a series of 200 steps, trained inline in one batch per epoch; no finalists."""
    return (
        *("dataset=synthetic", "dataset.steps=200", "dataset.period=24", "task.season=24"),
        *("task.validation=30", "task.test=20", "task.window_size=8"),
        *("training.batch_size=256", "training.epochs=1", "engine=inline"),
        *("tracking.figures=none", "study.name=short", "study.finalists=0"),
    )


ODD_MODELS = """
import os
from pathlib import Path

import keras


def build(input_shape, horizon, *, kind: str = "level", level: float = 0.0, folder: str = "."):
    if kind == "raises":
        raise RuntimeError("no model today")
    if kind == "memory":
        raise MemoryError("too many weights")
    if kind == "hungry":
        held = [bytearray(os.urandom(1 << 20)) for _ in range(1 << 14)]
    if kind == "dies" or (kind == "dies once" and not Path(folder, "died").exists()):
        Path(folder, "died").touch()
        os._exit(1)
    value = float("nan") if kind == "undefined" else level
    last = keras.layers.Dense(
        horizon,
        kernel_initializer="zeros",
        bias_initializer=keras.initializers.Constant(value),
        bias_constraint=explode if kind == "explodes" else None,
    )
    flat = Flat() if kind == "layer" else keras.layers.Flatten()
    return keras.Sequential([keras.Input(input_shape), flat, last])


class Flat(keras.layers.Flatten):
    pass


def explode(weights):
    return weights + 1e30
"""


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ...]]:
    """Overrides for a user's own model, which forecasts about `level` or fails as set by `kind`.

    kind: level, raises, memory, hungry (takes 16 GB, 1 MB at a time), undefined (NaN), explodes
    (after the first epoch), dies (kills its process immediately), dies once, layer (contains a
    custom layer).
    """
    folder = tmp_path_factory.mktemp("own")
    (folder / "odd_nets.py").write_text(ODD_MODELS)
    (folder / "conf/model").mkdir(parents=True)
    (folder / "conf/model/odd.yaml").write_text(
        "_target_: odd_nets.build\nname: odd\nkind: level\nlevel: 0.0\nfolder: .\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield (
            *("--config-dir", str(folder / "conf"), "model=odd", "space=[]"),
            *("training.optimizer=sgd", "training.learning_rate=1e-9", "backend=optuna_grid"),
        )
