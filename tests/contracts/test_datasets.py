"""Every dataset in conf/dataset loads as a valid series and can be trained on.

A dataset that needs a source gets a small file in its real layout; FILES lists them by preset.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import conf
from datasets import Series, load

OPTIONS = {
    path.stem: yaml.safe_load(path.read_text("utf-8"))["dataset"]
    for path in sorted((Path(conf.__file__).parent / "dataset").glob("*.yaml"))
}
DAYS = [date(2001, 1, 1) + timedelta(day) for day in range(365)]
ABSENT = {DAYS[50], DAYS[51]}


def tenths(day: date) -> int:
    return round(100 - 80 * cos(2 * pi * day.timetuple().tm_yday / 365)) + day.toordinal() ** 2 % 23


def station() -> str:
    """Returns a NASA GISS file: one row per year; 999.90 marks a missing month."""
    months = "JAN,FEB,MAR,APR,MAY,JUN,JUL,AUG,SEP,OCT,NOV,DEC"
    lines = [f"YEAR,{months},D-J-F,M-A-M,J-J-A,S-O-N,metANN"]
    for year in range(1990, 2002):
        cells = [f"{tenths(date(year, month, 1)) / 10:.2f}" for month in range(1, 13)]
        cells[4] = "999.90" if year == 1995 else cells[4]
        lines.append(",".join([str(year), *cells, "999.90", "1.00", "2.00", "3.00", "4.00"]))
    return "\n".join(lines) + "\n"


def met_office_table() -> str:
    """Returns a Met Office file: one row per day, one column per month; −999 marks no reading."""
    readings = {(day.day, day.month): tenths(day) for day in DAYS if day not in ABSENT}
    return "".join(
        f"{2001:5d}{day:5d}"
        + "".join(f"{readings.get((day, month), -999):5d}" for month in range(1, 13))
        + "\n"
        for day in range(1, 32)
    )


def one_row_per_day(header: str, row: str) -> str:
    rows = [row.format(day=day, value=tenths(day) / 10) for day in DAYS if day not in ABSENT]
    return header + "".join(f"{line}\n" for line in rows)


# Presets that need a source, each with a small file for every layout.
FILES: dict[str, dict[str, Callable[[], str]]] = {
    "giss": {"station": station},
    "cet": {
        "table": met_office_table,
        "packed": partial(one_row_per_day, "", "{day:%Y%m%d} {value}"),
        "knmi": partial(one_row_per_day, "# CET [C]\n", "{day:%Y} {day:%m} {day:%d} {value:6.1f}"),
        "iso": partial(one_row_per_day, "Date       Value\n", "{day:%Y-%m-%d} {value:6.1f}"),
    },
    "csv": {
        "comma": partial(one_row_per_day, "day,level,name\n", "{day:%Y-%m-%d},{value},x"),
        "german": partial(one_row_per_day, "Tag;Stand\n", "{day:%d.%m.%Y};{value}"),
    },
}


def layouts(preset: str, options: dict[str, Any]) -> list[str]:
    """Returns the layouts to test a preset with; `none` if its builder needs no file."""
    if "source" not in options:
        return ["none"]
    return list(FILES.get(preset, ["missing"]))


def source(preset: str, layout: str, folder: Path) -> dict[str, str]:
    """Writes the preset's small file and returns the option that names it."""
    if layout == "none":
        return {}
    if preset not in FILES:
        pytest.fail(
            f"conf/dataset/{preset}.yaml needs a source: add an entry {preset!r} to FILES in\n"
            "tests/contracts/test_datasets.py, with a function that returns a small file of\n"
            "at least 120 steps for each of its real layouts"
        )
    path = folder / f"{preset}.txt"
    path.write_text(FILES[preset][layout]())
    return {"source": str(path)}


def cases() -> Iterator[Any]:
    for preset, options in OPTIONS.items():
        for layout in layouts(preset, options):
            yield pytest.param(preset, layout, id=f"{preset}-{layout}")


@pytest.mark.parametrize(("preset", "layout"), [*cases()])
def test_it_loads_as_a_series(preset: str, layout: str, tmp_path: Path) -> None:
    options = OPTIONS[preset] | source(preset, layout, tmp_path)
    series, again = load(options), load(options)
    assert isinstance(series, Series)
    assert series.name == preset
    assert series.values.dtype == np.float64
    assert series.values.shape == (len(series.timestamps), len(series.channels))
    assert len(series.values) >= 120
    steps = np.diff(series.timestamps)
    assert (steps > np.timedelta64(0, "s")).all()
    assert series.frequency
    target = series.values[:, series.target]
    assert np.isfinite(target[[0, -1]]).all()
    # A sentinel for a missing value is not a reading.
    assert np.nanmin(target) > -99
    assert not np.isin(target, [999.9, 9999]).any()
    assert series.digest == again.digest
    assert series.missing == np.isnan(target).sum()


@pytest.mark.parametrize("preset", sorted(FILES))
def test_the_layout_is_detected_from_the_content(preset: str, tmp_path: Path) -> None:
    seen = []
    for layout in FILES[preset]:
        series = load(OPTIONS[preset] | source(preset, layout, tmp_path))
        seen.append((series.timestamps.tolist(), series.values[:, series.target].tolist()))
        assert series.missing == {"giss": 1, "cet": 2, "csv": 2}[preset]
    assert all(str(one) == str(seen[0]) for one in seen)


@pytest.mark.parametrize("preset", OPTIONS)
def test_it_can_be_trained_on(preset: str, sweepcast: Any, eager: None, tmp_path: Path) -> None:
    options = source(preset, layouts(preset, OPTIONS[preset])[0], tmp_path)
    small = ("task.validation=20", "task.test=10", "task.window_size=8") if options else ()
    named = [f"dataset.{name}={value}" for name, value in options.items()]
    done = sweepcast(
        *("train", f"dataset={preset}", *named, *small, "model=dense", "training.epochs=1"),
        *("training.batch_size=2048", "engine=inline", "tracking.figures=none"),
    )
    assert done.status == 0, done.err
    (run,) = sweepcast.runs(kind="trial")
    assert run.data.tags["sweepcast.state"] == "complete"
    experiment = sweepcast.client.get_experiment(run.info.experiment_id)
    assert experiment.name == f"sweepcast/{preset}"


def test_a_preset_without_a_small_file_fails_this_suite(tmp_path: Path) -> None:
    assert layouts("tides", {"source": None}) == ["missing"]
    with pytest.raises(pytest.fail.Exception, match=r"add an entry 'tides' to FILES in\n"):
        source("tides", "missing", tmp_path)
