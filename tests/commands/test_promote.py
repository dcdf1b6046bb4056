"""`promote`, `forecast` and the served model."""

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import mlflow
import numpy as np
import pandas as pd
import pytest

from search.tracking.store.files import model_files

STEPS = 160


def chaos() -> Any:
    """The logistic map, which a small model can learn and a linear forecaster cannot."""
    values = [0.3]
    while len(values) < STEPS:
        values.append(3.9 * values[-1] * (1 - values[-1]))
    return np.array(values)


def write(path: Path, values: Any, first: str = "2020-01-01") -> Path:
    days = np.datetime64(first) + np.arange(len(values))
    rows = [f"{day},{value:.6f}" for day, value in zip(days, values, strict=True)]
    path.write_text("day,level\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def promoted(
    program_in: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, Any]:
    """A store with a champion, and the output of `promote`."""
    program = program_in(tmp_path_factory.mktemp("promoted") / "here")
    source = write(program.folder / "chaos.csv", chaos())
    done = program(
        *("sweep", "dataset=csv", f"dataset.source={source}", "study.name=logistic"),
        *("task.validation=30", "task.test=30", "task.window_size=3", "task.season=7"),
        *("model=dense", "model.dense.layers=1", "model.dense.units=32", "space=[]"),
        *("space.training.learning_rate=[0.02]", "training.epochs=40", "training.patience=30"),
        *("training.batch_size=32", "engine=inline", "tracking.figures=none"),
        *("study.finalists=1", "study.finalist_executions=1"),
    )
    assert done.status == 0, done.err
    done = program("promote", "logistic:best", "--seeds", "2")
    assert done.status == 0, done.out + done.err
    return program, done


def test_promote_scores_a_run_and_registers_a_champion(promoted: tuple[Any, Any]) -> None:
    program, done = promoted
    assert "beats the best baseline" in done.out
    assert "registered:  sweepcast-chaos version 1, alias champion" in done.out
    (champion,) = program.runs(kind="champion")
    (evaluation,) = program.runs(kind="evaluation")
    version = program.client.get_model_version_by_alias("sweepcast-chaos", "champion")
    assert version.run_id == champion.info.run_id
    assert version.tags["sweepcast.study"] == "logistic"
    assert "Study `logistic`" in version.description
    assert champion.data.tags["sweepcast.evaluates"] == evaluation.info.run_id
    assert champion.data.tags["sweepcast.model"] == "sweepcast-chaos/1"
    assert champion.data.tags["sweepcast.state"] == "complete"
    assert champion.info.status == "FINISHED"
    metrics = champion.data.metrics
    assert metrics["test/mae"] == evaluation.data.metrics["test/mae"]
    assert metrics["test/reads"] == 1
    assert 0.5 <= metrics["test/coverage_80"] <= metrics["test/coverage_95"] <= 1
    # It was trained on all readings, so no target is left to score it on: there is only the loss.
    assert {"loss", "mae", "epochs"} <= set(metrics)
    assert not {"val_loss", "val_mae"} & set(metrics)


def test_the_epochs_are_chosen_on_the_validation_curve(promoted: tuple[Any, Any]) -> None:
    program, _ = promoted
    (champion,) = program.runs(kind="champion")
    (finalist,) = program.runs(kind="finalist")
    curve = program.curve(finalist, "validation/mae")
    by_epoch = {}
    for step, value in curve:
        by_epoch.setdefault(step, value)
    best = min(by_epoch, key=lambda step: by_epoch[step])
    assert champion.data.metrics["epochs"] == best + 1


def test_the_model_contains_only_data(promoted: tuple[Any, Any]) -> None:
    program, _ = promoted
    version = program.client.get_model_version_by_alias("sweepcast-chaos", "champion")
    with model_files(program.client, version.source.removeprefix("models:/")) as folder:
        files = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    assert {"MLmodel", "data/forecaster/forecaster.json", "data/forecaster/model.keras"} <= files
    assert not [name for name in files if name.endswith((".pkl", ".py"))]


def forecast_of(program: Any, model: str, history: Path, *more: str) -> list[dict[str, str]]:
    output = program.folder / "out.csv"
    done = program("forecast", model, "--history", str(history), "--output", str(output), *more)
    assert done.status == 0, done.err
    with output.open(newline="") as file:
        return list(csv.DictReader(file))


def test_forecasts_continue_the_history(promoted: tuple[Any, Any], tmp_path: Path) -> None:
    program, _ = promoted
    (champion,) = program.runs(kind="champion")
    values = chaos()
    history = write(tmp_path / "recent.csv", values[100:110])
    (row,) = forecast_of(program, "sweepcast-chaos", history)
    assert row["timestamp"] == "2020-01-11T00:00:00"
    assert abs(float(row["forecast"]) - values[110]) < 0.1
    ends = [float(row[name]) for name in ("lower_95", "lower_80", "upper_80", "upper_95")]
    assert ends == sorted(ends)
    for model in ("models:/sweepcast-chaos/1", "models:/sweepcast-chaos@champion"):
        assert forecast_of(program, model, history) == [row]
    assert forecast_of(program, champion.info.run_id, history) == [row]
    # With a single channel, the columns may have other names.
    renamed = tmp_path / "renamed.csv"
    renamed.write_text(
        history.read_text().replace("day,level", "timestamp;value").replace(",", ";")
    )
    assert forecast_of(program, "sweepcast-chaos", renamed) == [row]
    # A column with the name of the channel is used even if it is not the first one.
    wider = tmp_path / "wider.csv"
    wider.write_text(
        "\n".join(
            line.replace(",", ",other," if line.startswith("day") else ",-5,", 1)
            for line in history.read_text().splitlines()
        )
    )
    assert forecast_of(program, "sweepcast-chaos", wider) == [row]
    figure = tmp_path / "next.png"
    forecast_of(program, "sweepcast-chaos", history, "--plot", str(figure))
    assert figure.read_bytes().startswith(b"\x89PNG")
    # A trial's own model, trained on less of the series, can forecast as well.
    (other,) = forecast_of(program, "logistic:best", history)
    assert abs(float(other["forecast"]) - values[110]) < 0.2
    assert other != row


def test_an_invalid_history_or_model_is_reported(promoted: tuple[Any, Any], tmp_path: Path) -> None:
    program, _ = promoted
    days = chaos()[:15]
    history = write(tmp_path / "history.csv", days)
    short = write(tmp_path / "short.csv", days[:2])
    sparse = tmp_path / "sparse.csv"
    sparse.write_text("day,level\n2020-01-01,1\n2020-01-15,2\n2020-01-29,3\n2020-02-12,3\n")
    gap = tmp_path / "gap.csv"
    lines = history.read_text().splitlines()
    gap.write_text("\n".join([*lines[:4], *lines[12:]]) + "\n")
    bad = tmp_path / "bad.csv"  # no other column is used instead of the named one
    bad.write_text("day,other,level\n2020-01-01,1,0.5\n2020-01-02,2,oops\n2020-01-03,3,0.1\n")
    for model, file, message in (
        ("sweepcast-chaos", short, "needs at least 3"),
        ("sweepcast-chaos", sparse, "has no reading from 2020-01-02"),
        ("sweepcast-chaos", gap, "has no reading from 2020-01-04"),
        ("sweepcast-chaos", bad, "'oops'"),
        ("sweepcast-chaos", tmp_path / "none.csv", "none.csv"),
        ("sweepcast-chaoz", history, "did you mean 'sweepcast-chaos'"),
        ("models:/sweepcast-chaos/7", history, "has no version '7': its versions are 1"),
        ("models:/sweepcast-chaos@old", history, "has no alias 'old'"),
        ("0" * 32, history, "there is no run"),
    ):
        done = program("forecast", model, "--history", str(file))
        assert (done.status, message in done.err) == (2, True), done.err
        assert len(done.err.splitlines()) <= 3
    for place in ("no/where.png", "/dev/null/out.png", "/proc/out.png"):
        done = program("forecast", "sweepcast-chaos", "--history", str(history), "--plot", place)
        assert (done.status, place in done.err) == (2, True), done.err


@pytest.fixture
def served(promoted: tuple[Any, Any], mlflow_serves: Callable[..., Any]) -> Iterator[str]:
    """The address of `mlflow models serve` on the champion."""
    program, _ = promoted
    scripts = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    words = ("models", "serve", "--env-manager", "local", "-h", "127.0.0.1")
    model = ("-m", "models:/sweepcast-chaos@champion")
    variables = {"MLFLOW_TRACKING_URI": program.uri, "PATH": scripts}
    with mlflow_serves("ping", *words, *model, **variables) as address:
        yield address


def test_the_served_model_returns_the_same_forecast(
    promoted: tuple[Any, Any], served: str, tmp_path: Path
) -> None:
    program, _ = promoted
    history = write(tmp_path / "recent.csv", chaos()[40:60])
    (row,) = forecast_of(program, "sweepcast-chaos", history)
    table = pd.read_csv(history).rename(columns={"day": "timestamp"})

    def asked(rows: pd.DataFrame) -> Any:
        body = {"dataframe_split": {"columns": [*rows], "data": rows.to_numpy().tolist()}}
        request = Request(
            f"{served}/invocations",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urlopen(request, timeout=60) as answer:
            return json.load(answer)["predictions"]

    (answer,) = asked(table)
    assert {key: str(value) for key, value in answer.items()} == row
    with pytest.raises(HTTPError) as refused:
        asked(table[-2:])
    assert refused.value.code == 400
    # The same model, loaded with MLflow's own function.
    version = program.client.get_model_version_by_alias("sweepcast-chaos", "champion")
    with model_files(program.client, version.source.removeprefix("models:/")) as folder:
        model = mlflow.pyfunc.load_model(str(folder))
    table["timestamp"] = pd.to_datetime(table["timestamp"])
    assert model.predict(table)["forecast"].tolist() == [answer["forecast"]]


def test_a_worse_model_is_registered_only_with_force(
    sweepcast: Any, eager: None, short: tuple[str, ...], odd: tuple[str, ...]
) -> None:
    done = sweepcast("sweep", *odd, *short, "model.kind=layer", "space.model.level=[1000.0]")
    assert done.status == 0, done.err
    command = ("promote", "short:best", "--seeds", "1", "--trust", "odd_nets")
    done = sweepcast(*command)
    assert (done.status, "Not promoted; use --force" in done.out) == (1, True)
    assert not sweepcast.client.search_registered_models()
    assert not sweepcast.runs(kind="champion")
    done = sweepcast("--quiet", *command, "--force")
    assert done.status == 0, done.err
    (model,) = sweepcast.client.search_registered_models()
    assert model.name == "sweepcast-synthetic"
    assert sweepcast.runs(kind="evaluation")[-1].data.tags["sweepcast.test_reads"] == "2"
    # Its layer comes from another package, which has to be trusted and is then imported.
    assert "SWEEPCAST_TRUST=odd_nets mlflow models serve" in done.out
    assert "--history FILE --trust odd_nets" in done.out
    days = [f"2001-01-{day:02d},{day}" for day in range(1, 32)]
    history = sweepcast.folder / "history.csv"
    history.write_text("\n".join(["timestamp,level", *days]))
    sys.modules.pop("odd_nets")
    command = ("--quiet", "forecast", "sweepcast-synthetic", "--history", str(history))
    done = sweepcast(*command)
    assert (done.status, "--trust odd_nets" in done.err) == (2, True)
    done = sweepcast(*command, "--trust", "odd_nets")
    assert (done.status, "2001-02-01" in done.out) == (0, True), done.err
    done = sweepcast(*command, "--trust", "odd_nest")
    assert (done.status, "--trust odd_nets" in done.err) == (2, True), done.err
