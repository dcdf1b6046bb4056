"""Values that are left to the series: chosen before the study starts, said, stored and resumed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

WORDS = (
    *("sweep", "dataset=csv", "model=dense", "engine=inline", "training.epochs=1"),
    *("training.batch_size=256", "tracking.figures=none", "study.finalists=0"),
)


def written(folder: Path, months: int) -> str:
    """Writes a monthly series with a yearly season, and returns the override that reads it."""
    times = np.datetime64("2000-01") + np.arange(months)
    rows = [f"{time}-01,{np.cos(step * np.pi / 6):.3f}" for step, time in enumerate(times)]
    (folder / "sales.csv").write_text("\n".join(["month,sales", *rows]))
    return "dataset.source=sales.csv"


def stored(sweepcast: Any, run: Any) -> dict[str, Any]:
    path = sweepcast.path(run, "config.yaml")
    return yaml.safe_load(path.read_text("utf-8"))


def test_a_study_stores_what_auto_came_to_and_resumes(sweepcast: Any, eager: None) -> None:
    source = written(sweepcast.folder, 120)
    command = (*WORDS, source, "space=[window]", "study.name=open")
    done = sweepcast(*command, "study.trials=1")
    assert done.status == 0, done.err
    assert "task.validation=24 task.test=24 task.folds=1 task.window_size=24" in done.out
    assert "space.task.window_size=[12,24,36]" in done.out
    (trial,) = sweepcast.trials("open")
    for run in (sweepcast.study("open"), trial):
        config = stored(sweepcast, run)
        assert config["dataset"]["max_gap"] == 3
        assert {config["task"][key] for key in ("validation", "test")} == {24}
        assert config["space"]["task"]["window_size"] == [12, 24, 36]
    assert sweepcast(*command, "study.trials=2").status == 0
    assert len(sweepcast.trials("open")) == 2
    given = ("task.validation=24", "task.test=24", "task.folds=1", "task.window_size=24")
    again = (*given, "space.task.window_size=[12,24,36]")
    assert sweepcast(*command, *again, "study.trials=3").status == 0, "the same study"
    assert len(sweepcast.trials("open")) == 3
    assert "Bit-for-bit identical" in sweepcast("reproduce", trial.info.run_id).out


def test_auto_is_possible_for_every_dataset(sweepcast: Any, eager: None) -> None:
    words = [word for word in WORDS if word != "dataset=csv"]
    lengths = [f"task.{key}=auto" for key in ("validation", "test", "folds", "window_size")]
    done = sweepcast(*words, "dataset=seattle", "space=[]", "study.trials=1", *lengths)
    assert done.status == 0, done.err
    assert "task.validation=183 task.test=" in done.out
    assert "2 × 183 steps" in done.out


@pytest.mark.parametrize("command", ["sweep", "train"])
def test_a_series_that_is_too_short_is_bad_input(sweepcast: Any, command: str) -> None:
    source = written(sweepcast.folder, 16)
    done = sweepcast(command, *WORDS[1:], source, "space=[]", "study.trials=1")
    assert done.status == 2
    first, second = done.err.splitlines()
    assert first == "the series has 16 steps; with task.horizon=1, a study needs at least 20:"
    overrides = second.removeprefix("use more readings, or set ").split()
    done = sweepcast(command, *WORDS[1:], source, "space=[]", "study.trials=1", *overrides)
    assert done.status == 0, done.err


def test_a_gap_that_is_too_long_is_bad_input(sweepcast: Any) -> None:
    written(sweepcast.folder, 120)
    path = sweepcast.folder / "sales.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:40] + lines[45:]))
    done = sweepcast(*WORDS, "dataset.source=sales.csv", "space=[]")
    assert done.status == 2
    assert "or set dataset.max_gap=5" in done.err
    assert len(done.err.splitlines()) <= 3


def test_auto_among_numbers_is_bad_input(sweepcast: Any) -> None:
    for word in ("space.task.window_size=[12,auto]", "task.horizon=auto", "task.folds=some"):
        done = sweepcast("sweep", "space=[window]", word)
        assert (done.status, len(done.err.splitlines()) <= 3) == (2, True), json.dumps(done.err)


GUESSED = (
    *("sweep", "engine=inline", "training.epochs=1", "tracking.figures=none"),
    *("study.finalists=0", "study.name=guessed", "space.task.window_size=[7,14]"),
    *("space.training.batch_size=[512,1024]",),
)


def test_a_study_starts_with_good_guesses_and_resumes_with_the_rest(
    sweepcast: Any, eager: None
) -> None:
    done = sweepcast(*GUESSED, "study.trials=1")
    assert done.status == 0, done.err
    assert "first    4 good guesses" in done.out
    assert sweepcast(*GUESSED, "study.trials=2", "study.enqueue=auto").status == 0
    linear, on_ridge = (run.data.params for run in sweepcast.trials("guessed"))
    assert (linear["model.recurrent.layers"], on_ridge["model.recurrent.layers"]) == ("0", "1")
    assert linear["model.skip"] == on_ridge["model.skip"] == "ridge"


def test_guesses_are_switched_off_replaced_or_not_possible(sweepcast: Any, eager: None) -> None:
    more = ("study.trials=1", "study.epochs=1")
    point = "model.conv.layers: 0, model.recurrent.layers: 0, task.window_size: 14"
    given = f"study.enqueue=[{{{point}, training.batch_size: 512}}]"
    for name, words in (
        ("off", ["study.enqueue=[]"]),
        ("hyper", ["backend=keras_tuner_hyperband"]),
        ("given", [given]),
    ):
        done = sweepcast(*GUESSED, *more, *words, f"study.name={name}")
        assert done.status == 0, done.err
        assert "good guesses" not in done.out
        assert ("1 given points" in done.out) == (name == "given")
    assert sweepcast("sweep", "study.enqueue=some").err.startswith("study.enqueue is 'some'")
