"""The first points and the limits of a study, tested with a model that forecasts its `level`."""

import json
from typing import Any

import pytest

LEVELS = "space.model.level=[0.0,1.0,2.0,3.0,4.0,5.0,6.0,7.0]"


@pytest.fixture
def study(sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...], eager: None) -> Any:
    """Runs a study and returns its output and the levels of its trials."""

    def run(name: str, *more: str) -> tuple[Any, list[float]]:
        done = sweepcast("sweep", *odd, *short, LEVELS, f"study.name={name}", *more)
        return done, [float(run.data.params["model.level"]) for run in sweepcast.trials(name)]

    return run


def test_given_points_are_tried_first_and_only_once(study: Any, sweepcast: Any) -> None:
    given = "study.enqueue=[{model.level: 5.0}, {model: {level: 2.0}}, {model.level: 5}]"
    done, levels = study("given", given, "study.trials=3", "study.epochs=1")
    assert (done.status, levels) == (0, [5.0])
    assert "first    2 given points" in done.out
    assert "Epoch limit of 1 reached after 1 of 3 trials." in done.out
    done, levels = study("given", given, "study.trials=8")
    assert (done.status, levels[:2], sorted(levels)) == (0, [5.0, 2.0], [*map(float, range(8))])
    assert "Budget used up" in done.out


@pytest.mark.parametrize("backend", ["optuna", "optuna_qmc", "keras_tuner", "keras_tuner_bayesian"])
def test_every_backend_accepts_given_points(study: Any, backend: str) -> None:
    done, levels = study(
        *("any", f"backend={backend}", "study.enqueue=[{model.level: 6.0}]", "study.trials=3")
    )
    assert (done.status, levels[0], len(levels)) == (0, 6.0, 3)


def test_reaching_the_target_ends_the_study(study: Any, sweepcast: Any) -> None:
    done, levels = study("first", "study.trials=8")
    scores = [run.data.metrics["validation/mae"] for run in sweepcast.trials("first")]
    best = sorted(scores)[2]
    done, levels = study("aimed", f"study.target={best}", "study.trials=8")
    assert len(levels) == 1 + next(i for i, score in enumerate(scores) if score <= best)
    assert f"Target score of {best:g} reached" in done.out


def test_a_study_starts_with_the_best_points_of_an_earlier_study(
    study: Any, sweepcast: Any
) -> None:
    _, levels = study("earlier", "study.trials=8")
    scored = {
        run.data.metrics["validation/mae"]: float(run.data.params["model.level"])
        for run in sweepcast.trials("earlier")
    }
    best = [level for _, level in sorted(scored.items())]
    smaller = "space.model.level=" + json.dumps(best[1:4])
    more = ("study.trials=2", "study.warm_trials=2")
    done, levels = study("warm", smaller, "study.warm_start=earlier", *more)
    assert (done.status, levels) == (0, best[1:3])
    assert (
        "2 of the 8 trials of earlier are tried first; skipped: 1 because model.level" in done.out
    )
    board = sweepcast.folder / "board.json"
    board.write_text(sweepcast("leaderboard", "earlier", "--json").out)
    _, levels = study("file", smaller, f"study.warm_start={board}", *more)
    assert levels == best[1:3]
    run = sweepcast.trials("earlier")[6].info.run_id
    _, levels = study("run", f"study.warm_start={run}", "study.trials=1")
    assert levels == [6.0]


def test_invalid_first_points_and_limits_are_bad_input(study: Any, sweepcast: Any) -> None:
    (sweepcast.folder / "points.yaml").write_text("levels: 3\n")
    for more, message in (
        (["study.enqueue=[{model.level: 9}]"], "study.enqueue[0]: model.level is 9"),
        (["study.enqueue=[{model.levels: 1}]"], "did you mean 'model.level'"),
        (["study.enqueue=[3]"], "study.enqueue"),
        (["study.warm_start=nothing"], "'nothing'"),
        (["study.warm_start=none.yaml"], "cannot be read"),
        (["study.warm_start=points.yaml"], "contains no list of points"),
        (["study.target=-1"], "study.target is -1"),
        (["study.epochs=0"], "study.epochs is 0"),
        (
            ["study.enqueue=[{model.level: 1}]", "backend=keras_tuner_hyperband", "pruner=none"],
            "remove study.enqueue",
        ),
    ):
        done, _ = study("bad", *more)
        assert (done.status, message in done.err) == (2, True), done.err
        assert len(done.err.splitlines()) <= 3
    assert not sweepcast.runs(kind="study")


def test_a_slow_backend_for_many_trials_is_noted(study: Any) -> None:
    long = ("study.trials=2001", "study.epochs=1")
    done, _ = study("slow", "backend=optuna", *long)
    assert "note     backend optuna is slow above 2,000 trials" in done.out
    for backend, trials in (("optuna", 2000), ("optuna_random", 2001)):
        done, _ = study(backend, f"backend={backend}", "study.epochs=1", f"study.trials={trials}")
        assert "is slow above" not in done.out
