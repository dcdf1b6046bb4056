"""Every recipe in conf/experiment runs, and its header gives its command and scores."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import conf

ROOT = Path(conf.__file__).resolve().parents[1]
RECIPES = sorted((ROOT / "conf" / "experiment").glob("*.yaml"))
# Reduces a recipe of any size to seconds: few trials, large batches, no figures.
SMALL = (
    *("study.trials=2", "training.epochs=1", "space.training.batch_size=2048"),
    *("engine=inline", "tracking.figures=none", "study.name=recipe", "study.finalists=1"),
    *("study.finalist_executions=1", "study.executions=1", "task.folds=1"),
)
TRAINED = ("model.recurrent.units=2", "training.batch_size=2048")  # `train` does not search


@pytest.fixture(params=RECIPES, ids=lambda path: path.stem)
def recipe(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Writes four years of made-up daily readings in the layout of the Met Office."""
    dates = np.datetime64("1990-01-01") + np.arange(4 * 365 + 1)
    lines = [f"{day}    {9 - 6 * np.cos(i / 58):.1f}" for i, day in enumerate(dates)]
    path = tmp_path_factory.mktemp("cet") / "days.txt"
    path.write_text("Date        Value\n" + "\n".join(lines) + "\n")
    return path


def header(recipe: Path) -> dict[str, str]:
    lines = recipe.read_text("utf-8").splitlines()
    return dict(re.findall(r"^# (\w+): +(\S.*)$", "\n".join(lines), re.MULTILINE))


def command(recipe: Path) -> list[str]:
    """Returns the words of the header's command, without the comment in parentheses."""
    return shlex.split(header(recipe)["command"].partition("(")[0])


def test_its_header_gives_the_command_the_time_and_both_scores(recipe: Path) -> None:
    assert recipe.read_text("utf-8").startswith("# @package _global_\n")
    assert {"command", "time", "validation", "test"} <= set(header(recipe))
    assert command(recipe)[0] == "sweepcast"
    assert command(recipe)[1] in ("sweep", "train")
    assert f"experiment={recipe.stem}" in command(recipe)
    assert header(recipe)["validation"].startswith("MAE ")


def test_it_runs(recipe: Path, sweepcast: Any, eager: None, station: Path, days: Path) -> None:
    words = command(recipe)[1:]
    small = [*SMALL]
    if words[0] == "train":
        small = [word for word in (*SMALL, *TRAINED) if not word.startswith("space.")]
    files = {"station.csv": station, "meantemp_daily_totals.txt": days}
    for i, word in enumerate(words):
        key, _, value = word.partition("=")
        if key == "dataset.source":
            words[i] = f"{key}={files[value]}"
            small += ["task.validation=12", "task.test=12"]
    done = sweepcast(*words, *small)
    assert done.status == 0, done.err
    assert {run.data.tags["sweepcast.state"] for run in sweepcast.trials("recipe")} <= {
        *("complete", "pruned")
    }


def stated(figures: str) -> tuple[float, float]:
    """Returns the MAE in a line of a header, and its tolerance."""
    found = re.match(r"MAE ([\d.]+)\D* ± ([\d.]+)", figures)
    assert found, figures
    return float(found[1]), float(found[2])


def test_its_header_agrees_with_the_recorded_run(recipe: Path) -> None:
    """`make results` writes docs/results.json after a full run of each recipe."""
    record = json.loads((ROOT / "docs" / "results.json").read_text("utf-8"))[recipe.stem]
    for block in ("validation", "test"):
        if block in record:
            mae, tolerance = stated(header(recipe)[block])
            assert abs(record[block][f"{block}/mae"] - mae) <= tolerance


@pytest.mark.long
def test_a_fresh_run_agrees_with_its_header(recipe: Path, sweepcast: Any, tmp_path: Path) -> None:
    """Runs the recipes that need no file at full size."""
    words = command(recipe)[1:]
    if any(word.startswith("dataset.source=") for word in words):
        pytest.skip("the data file is not part of the project")
    assert sweepcast(*words, "tracking.figures=none", "study.name=recipe").status == 0
    board = json.loads(sweepcast("leaderboard", "recipe", "--json").out)
    best = next(row for row in board["rows"] if row["kind"] == "trial")
    mae, tolerance = stated(header(recipe)["validation"])
    assert abs((best["fresh"] or best)["validation/mae"] - mae) <= tolerance
