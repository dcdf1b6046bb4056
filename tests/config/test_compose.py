"""Composition with Hydra: space overrides replace leaves, errors are short, no files are left."""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from search.config import compose
from search.config.overrides import rewrite_space_overrides
from search.config.schema import Config
from search.errors import BadInput

SPACE_OVERRIDES = (
    "space=[conv1d,recurrent,optimizer]",
    "space.model.conv.filters=[32,64]",
    "space.model.conv.layers=1",
    "~space.model.conv.activation",
    "space.model.conv.strides={choices: [1, 2], when: {model.conv.layers: '>1'}}",
    "space.model.recurrent.units={low: 9, high: 10}",
    "space.model.recurrent.layers.high=5",
    "space.training.momentum.when={model.head: last}",
    "space.training.batch_size={low: 8, high: 64, log: true}",
    "+space.training.epochs=[1,2]",
    "++space.training.clipnorm=[null,1.0]",
    "space.training.patience={low: 2, high: 4}",
)


@pytest.fixture(scope="module")
def space(composed: Callable[..., Config]) -> dict[str, Any]:
    return composed(*SPACE_OVERRIDES).space


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        ("model.conv.filters", [32, 64]),  # a list over a range
        ("model.conv.layers", 1),  # a scalar over a range
        ("model.conv.activation", "missing"),
        ("model.conv.kernel_size", [3, 6, 9]),  # unchanged from the fragment
        ("model.conv.strides", {"choices": [1, 2], "when": {"model.conv.layers": ">1"}}),
        ("model.recurrent.units", {"low": 9, "high": 10}),  # without the fragment's step
        ("model.recurrent.layers", {"low": 0, "high": 5}),  # one field
        ("training.momentum", {"choices": [0.0, 0.9], "when": {"model.head": "last"}}),
        ("training.batch_size", {"low": 8, "high": 64, "log": True}),  # a range over a list
        ("training.epochs", [1, 2]),  # new leaves
        ("training.clipnorm", [None, 1.0]),
        ("training.patience", {"low": 2, "high": 4}),
    ],
)
def test_a_space_override_replaces_the_named_leaf_or_field(
    space: dict[str, Any], leaf: str, expected: Any
) -> None:
    *path, last = leaf.split(".")
    node = space
    for key in path:
        node = node[key]
    assert node.get(last, "missing") == expected


def test_only_space_overrides_are_rewritten() -> None:
    others = ["training.epochs=3", "space=[conv1d]", "~space.model.conv.filters", "-m", "a=space.b"]
    assert rewrite_space_overrides(others) == others


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_space_overrides_replace_leaves_in_every_job_of_a_multirun(
    here: Path, space: dict[str, Any]
) -> None:
    spaces: list[dict[str, Any]] = []

    def task(config: Config) -> int:
        spaces.append(config.space)
        return 0

    leaf = "space.model.recurrent.cell=[gru],[lstm,gru]"
    compose.run(["--multirun", *SPACE_OVERRIDES, leaf], task)
    assert [one["model"]["recurrent"].pop("cell") for one in spaces] == [["gru"], ["lstm", "gru"]]
    recurrent = {k: v for k, v in space["model"]["recurrent"].items() if k != "cell"}
    assert spaces == [{**space, "model": {**space["model"], "recurrent": recurrent}}] * 2


def test_the_last_override_of_a_leaf_wins(composed: Callable[..., Config]) -> None:
    found = composed(
        *(
            "space=[conv1d]",
            "space.model.conv.filters=[1,2]",
            "space.model.conv.filters={low: 3, high: 4}",
        ),
        *("space.model.conv.strides={low: 1, high: 9}", "space.model.conv.strides.high=5"),
        *("space.model.conv.layers.high=1", "space.model.conv.layers={low: 0, high: 3, step: 1}"),
    )
    assert found.space["model"]["conv"] == {
        "filters": {"low": 3, "high": 4},
        "strides": {"low": 1, "high": 5},
        "layers": {"low": 0, "high": 3, "step": 1},
        "kernel_size": [3, 6, 9],
        "activation": ["relu", "elu"],
    }


def reject(_: Config) -> int:
    raise BadInput("it does not fit")


@pytest.mark.parametrize(
    ("override", "text"),
    [
        (
            "training.epoch=3",
            "training.epoch is not a configuration key\ndid you mean 'training.epochs",
        ),
        ("+training.epoch=3", "training.epoch is not a configuration key: did you mean 'epochs'?"),
        ("datset=cet", "datset is not a configuration key\ndid you mean 'dataset'?"),
        ("space=[conv2d]", "space=conv2d: there is no such option\ndid you mean 'conv1d'?"),
        ("training=5", "Config group override must be a string or a list"),
    ],
)
def test_hydra_errors_name_the_nearest_match(here: Path, override: str, text: str) -> None:
    with pytest.raises(BadInput) as caught:
        compose.run([override], lambda _: 0)
    assert text in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3
    assert not any(here.iterdir())


def test_run_passes_the_configuration_to_the_task_and_returns_its_status(here: Path) -> None:
    before = (list(sys.argv), dict(os.environ))
    seen: list[Config] = []

    def task(config: Config) -> int:
        seen.append(config)
        return 7

    assert compose.run(["training.epochs=3"], task) == 7
    assert (seen[0].training.epochs, seen[0].dataset["name"]) == (3, "seattle")
    assert (list(sys.argv), dict(os.environ)) == before
    assert [path.name for path in here.iterdir()] == ["mlruns"]
    (folder,) = (here / "mlruns" / "hydra").iterdir()
    assert (folder / ".hydra" / "overrides.yaml").read_text() == "- training.epochs=3\n"


@pytest.mark.parametrize(
    ("answers", "status", "printed"),
    [
        ({1: 1, 2: 0}, 1, ""),
        ({1: BadInput("no\n" * 9), 2: 1}, 2, "no\nno\nno\n"),
        ({1: BadInput("no"), 2: BadInput("no")}, 2, "no\n"),
    ],
)
def test_multirun_runs_every_job_and_returns_the_worst_status(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    answers: dict[int, int | BadInput],
    status: int,
    printed: str,
) -> None:
    ran: list[int] = []

    def task(config: Config) -> int:
        ran.append(config.study.seed)
        answer = answers[config.study.seed]
        if isinstance(answer, BadInput):
            raise answer
        return answer

    assert compose.run(["study.seed=1,2", "--multirun"], task) == status
    assert ran == [1, 2]
    assert capsys.readouterr().err == printed
    kept = [seed for seed, answer in answers.items() if not isinstance(answer, BadInput)]
    assert len(list(here.rglob("overrides.yaml"))) == len(kept)
    assert any(here.iterdir()) is bool(kept)


def test_an_interrupted_job_ends_a_multirun(here: Path) -> None:
    ran: list[int] = []

    def task(config: Config) -> int:
        ran.append(config.study.seed)
        return 130

    assert compose.run(["study.seed=1,2", "--multirun"], task) == 130
    assert ran == [1]


@pytest.mark.parametrize(
    "arguments",
    [
        ["training.epochs=0"],
        ["training.epochs=0", "hydra.run.dir=."],
        ["training.epochs=0,-1", "hydra.sweep.dir=mine", "-m"],
        ["model=conv,convolution", "-m"],
    ],
)
def test_a_rejected_command_leaves_the_folder_unchanged(here: Path, arguments: list[str]) -> None:
    (here / "data.csv").write_text("day,value\n")
    (here / "mine").mkdir()
    (here / "mine" / "notes.txt").write_text("kept")
    before = {path: path.is_file() and path.read_text() for path in here.rglob("*")}
    with contextlib.suppress(BadInput):
        assert compose.run(arguments, reject) == 2
    assert {path: path.is_file() and path.read_text() for path in here.rglob("*")} == before


def test_a_bug_is_not_reported_as_bad_input(here: Path) -> None:
    def faulty(_: Config) -> int:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match=r"^a bug$") as caught:
        compose.run([], faulty)
    assert not isinstance(caught.value, BadInput)


@pytest.mark.parametrize(
    ("arguments", "status", "shown"),
    [
        (["--cfg", "job", "training.epochs=7"], 0, "  epochs: 7\n"),
        (["--cfg", "job", "--package", "training", "training.epochs=7"], 0, "epochs: 7\n"),
        (["--cfg", "job", "--package", "nothing"], 2, ""),
        (["--help"], 0, "dataset: cet, csv, giss, seattle, synthetic"),
        (["--version"], 0, "Hydra "),
    ],
)
def test_flags_that_print_information_run_nothing(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    shown: str,
) -> None:
    assert compose.run(arguments, reject) == status
    printed = capsys.readouterr()
    assert shown in printed.out
    assert len(printed.err.splitlines()) == (status == 2)
    assert not any(here.iterdir())


# ---------------------------------------------------------------- a user's own package

PACKAGE = """
import numpy as np
from datasets import Series

def waves(*, steps: int = 90, period: int = 12) -> Series:
    days = np.datetime64("2024-01-01", "s") + np.arange(steps) * np.timedelta64(1, "D")
    values = np.sin(np.arange(steps) * 2 * np.pi / period) + np.arange(steps) % 3 / 9
    return Series(
        name="waves", values=values[:, None], timestamps=days, channels=("height",), target=0,
        unit="m", frequency="D", source="generated",
    )

def broken() -> Series:
    raise OSError("the buoy is lost")

def linear(input_shape, horizon: int, *, bias: bool = True, label: str = "plain"):
    import keras
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(horizon, use_bias=bias),
        ]
    )
"""
FILES = {
    "dataset/waves.yaml": (
        "# @package _global_\n"
        "dataset: {_target_: buoys.waves, name: waves, max_gap: 0, period: 8}\n"
        "task: {window_size: 6, validation: 12, test: 6, season: 8}\n"
    ),
    "model/linear.yaml": "_target_: buoys.linear\nname: linear\nbias: true\n",
    "space/bias.yaml": "model:\n  bias: [true, false]\n",
    "experiment/misspelled.yaml": "# @package _global_\ntraining:\n  epoch: 3\n",
}
OWN = ("dataset=waves", "model=linear", "space=[bias]", "engine=inline", "training.epochs=1")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program_in: Callable[..., Any]) -> Any:
    """Runs the program with a package `buoys` and a configuration folder of the user."""
    package = tmp_path / "site"
    package.mkdir()
    (package / "buoys.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(package)
    monkeypatch.delitem(sys.modules, "buoys", raising=False)
    program = program_in(tmp_path / "here")
    for name, text in FILES.items():
        path = program.folder / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return lambda *arguments: program(arguments[0], "--config-dir", "mine", *arguments[1:])


def test_a_custom_dataset_model_and_space_need_no_fork(own: Any, eager: None) -> None:
    done = own("sweep", *OWN, "study.name=mine")
    assert (done.status, done.err) == (0, "")
    assert "all of its points were tried in 2 trials" in done.out
    assert "MAE m" in done.out


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("dataset=wave", "did you mean 'waves'?"),
        ("+dataset.step=9", "dataset.step is not an option of buoys.waves:\ndid you mean 'steps'?"),
        ("space.model.bais=[true]", "did you mean 'model.bias'?"),
        ("experiment=misspelled", "training.epoch in experiment/misspelled.yaml is not a config"),
    ],
)
def test_custom_options_are_checked_like_built_in_ones(own: Any, override: str, text: str) -> None:
    done = own("sweep", *OWN, override)
    assert done.status == 2
    assert text in done.err
    assert len(done.err.splitlines()) <= 3


def test_an_error_of_a_custom_builder_is_reported(own: Any) -> None:
    done = own("sweep", *OWN, "dataset._target_=buoys.broken", "~dataset.period")
    assert done.status == 2
    assert done.err == "buoys.broken cannot build the series:\nthe buoy is lost\n"
