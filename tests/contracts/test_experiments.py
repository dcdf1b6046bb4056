"""Every recipe in conf/experiment says how to run it, and runs."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import conf

RECIPES = sorted((Path(conf.__file__).parent / "experiment").glob("*.yaml"))
# Makes a recipe of any size one of a minute on a watch's processor.
SMALL = (
    *("study.trials=2", "training.epochs=1", "space.training.batch_size=2048"),
    *("engine=inline", "tracking.figures=none", "study.name=recipe", "study.finalists=1"),
    *("study.finalist_executions=1", "study.executions=1"),
)


@pytest.fixture(params=RECIPES, ids=lambda path: path.stem)
def recipe(request: pytest.FixtureRequest) -> Path:
    return request.param


def header(recipe: Path) -> dict[str, str]:
    lines = recipe.read_text("utf-8").splitlines()
    return dict(re.findall(r"^# (\w+): +(\S.*)$", "\n".join(lines), re.MULTILINE))


def command(recipe: Path) -> list[str]:
    """The words of the header's command, up to what stands in brackets."""
    return shlex.split(header(recipe)["command"].partition("(")[0])


def test_its_header_gives_command_time_and_expected_score(recipe: Path) -> None:
    assert recipe.read_text("utf-8").startswith("# @package _global_\n")
    assert {"command", "time", "expected"} <= set(header(recipe))
    assert command(recipe)[:2] == ["sweepcast", "sweep"]
    assert f"experiment={recipe.stem}" in command(recipe)


def test_it_runs(recipe: Path, sweepcast: Any, eager: None) -> None:
    done = sweepcast(*command(recipe)[1:], *SMALL)
    assert done.status == 0, done.err
    assert {run.data.tags["sweepcast.state"] for run in sweepcast.trials("recipe")} <= {
        *("complete", "pruned")
    }
