"""Raw history gives the same forecast that the trial was scored with, for every transform."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.promotion.unregistered import forecaster_of_run
from search.serving.forecaster import Forecaster, LoadedForecaster
from search.serving.inputs import from_file

TRANSFORMS = (
    (),
    ("transform.calendar=2",),
    ("transform.relative=true", "transform.difference=true", "transform.scaler=robust"),
    ("transform.seasonal_difference=true", "transform.calendar=1", "transform.scaler=minmax"),
)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: t[0][10:20] if t else "none")
def test_a_forecast_from_history_matches_the_logged_predictions(
    transform: tuple[str, ...],
    sweepcast: Any,
    eager: None,
    station: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = sweepcast(
        *("train", "dataset=giss", f"dataset.source={station}", "study.name=one", "model=dense"),
        *("task.validation=12", "task.test=12", "task.window_size=6", "task.horizon=3"),
        *("training.epochs=2", "engine=inline", "tracking.figures=none", *transform),
    )
    assert done.status == 0, done.err
    (run,) = sweepcast.trials("one")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", sweepcast.uri)
    forecaster = forecaster_of_run(run.info.run_id, ())
    with sweepcast.path(run, "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    origin = rows[-1]["origin"]
    expected = [row for row in rows if row["origin"] == origin]
    # The readings of the station up to that month, as a plain table.
    years = [line.split(",") for line in station.read_text().splitlines()[1:]]
    months = [(f"{year[0]}-{m:02d}-01", year[m]) for year in years for m in range(1, 13)]
    known = [f"{month},{value}" for month, value in months if month <= origin[:10]]
    history = tmp_path / "history.csv"
    history.write_text("\n".join(["timestamp,temperature", *known]).replace("999.90", "") + "\n")
    table = LoadedForecaster(forecaster).forecast(from_file(str(history), forecaster))
    assert [str(time) for time in table["timestamp"].dt.strftime("%Y-%m-%dT%H:%M:%S")] == [
        row["timestamp"] for row in expected
    ]
    assert table["forecast"].to_numpy() == pytest.approx(
        [float(row["forecast"]) for row in expected], abs=1e-4
    )
    # Writing and reading the forecaster changes nothing.
    for name, content in forecaster.files().items():
        (tmp_path / name).write_bytes(content)
    again = LoadedForecaster(Forecaster.read(tmp_path)).forecast(
        from_file(str(history), forecaster)
    )
    assert np.array_equal(again["upper_80"], table["upper_80"])
    # The station's own file is a history too; its forecast starts after the last known month.
    whole = LoadedForecaster(forecaster).forecast(from_file(str(station), forecaster))
    assert str(whole["timestamp"][0])[:10] == "2009-01-01"


def test_columns_are_matched_by_name(
    sweepcast: Any, eager: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A history may have several channels in any order; a missing channel is reported."""
    noise = np.random.default_rng(5).normal(size=(60, 2)).cumsum(axis=0)
    days = np.datetime64("2021-01-01") + np.arange(60)
    rows = [(day, *values) for day, values in zip(days, noise.round(4), strict=True)]

    def table(name: str, order: tuple[int, ...], last: int) -> Path:
        titles = ("day", "level", "wind")
        lines = [",".join(str(row[place]) for place in order) for row in rows[:last]]
        path = tmp_path / name
        path.write_text("\n".join([",".join(titles[place] for place in order), *lines]) + "\n")
        return path

    source = table("both.csv", (0, 1, 2), 60)
    done = sweepcast(
        *("train", "dataset=csv", f"dataset.source={source}", "dataset.value=level"),
        *("dataset.inputs=[wind]", "task.validation=12", "task.test=12", "task.window_size=4"),
        *("task.season=7", "model=dense", "training.epochs=1", "engine=inline", "study.name=two"),
        "tracking.figures=none",
    )
    assert done.status == 0, done.err
    (run,) = sweepcast.trials("two")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", sweepcast.uri)
    forecaster = forecaster_of_run(run.info.run_id, ())
    assert forecaster.channels == ("level", "wind")
    loaded = LoadedForecaster(forecaster)
    with sweepcast.path(run, "predictions.csv").open(newline="") as file:
        last = list(csv.DictReader(file))[-1]
    known = int((np.datetime64(last["origin"]) - days[0]) / np.timedelta64(1, "D")) + 1
    for order in ((0, 1, 2), (2, 0, 1)):
        history = from_file(str(table("history.csv", order, known)), forecaster)
        table_ = loaded.forecast(history)
        assert table_["forecast"][0] == pytest.approx(float(last["forecast"]), abs=1e-4)
    other = tmp_path / "other.csv"
    other.write_text(source.read_text("utf-8").replace("wind", "rain"))
    with pytest.raises(ValueError, match="wind"):
        loaded.forecast(from_file(str(other), forecaster))
