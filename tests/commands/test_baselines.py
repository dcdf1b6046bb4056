"""Textbook baselines in a study: fitted while trials run, read from the cache, or failed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def study(
    program_in: Callable[[Path], Any],
    tmp_path_factory: pytest.TempPathFactory,
    short: tuple[str, ...],
    eagerly: Callable[[], Any],
) -> Any:
    """A study with Theta, and with an ARIMA whose time limit is too short."""
    program = program_in(tmp_path_factory.mktemp("baselines") / "here")
    program.words = ("sweep", *short, "model=dense", "space=[dense]", "study.trials=2")
    with pytest.MonkeyPatch.context() as patch, eagerly():
        patch.setenv("SWEEPCAST_CACHE", str(program.folder / "cache"))
        program.done = program(
            *program.words,
            *("baselines=[theta,auto_arima]", "baselines.auto_arima.time_limit=1e-3"),
        )
        yield program


def baselines(program: Any, study: str = "short") -> dict[str, Any]:
    return {
        run.data.tags["sweepcast.baseline"]: run
        for run in program.runs(kind="baseline", study=study)
    }


def test_they_are_runs_of_the_study_and_are_ranked_with_the_others(study: Any) -> None:
    assert study.done.status == 0, study.done.err
    runs = baselines(study)
    assert runs["theta"].data.params["baseline.season"] == "24"
    assert runs["theta"].data.metrics["validation/mae"] > 0
    board = json.loads(study("leaderboard", "--json").out)["rows"]
    assert "baseline · theta" in [row["name"] for row in board]


def test_one_that_is_too_slow_failed_with_a_reason(study: Any) -> None:
    run = baselines(study)["auto_arima"]
    assert run.data.tags["sweepcast.state"] == "failed"
    assert run.data.tags["sweepcast.reason"] == "it exceeded its time limit of 0.001 s"
    assert "validation/mae" not in run.data.metrics


def test_every_skill_is_relative_to_the_best_of_all(study: Any) -> None:
    scored = [run for run in baselines(study).values() if "validation/mae" in run.data.metrics]
    best = min(run.data.metrics["validation/mae"] for run in scored)
    for run in [*scored, *study.trials("short")]:
        metrics = run.data.metrics
        assert metrics["validation/skill"] == pytest.approx(1 - metrics["validation/mae"] / best)


def test_a_resumed_study_logs_none_twice(study: Any) -> None:
    words = [*study.words, "study.trials=3", "baselines=theta"]
    assert study(*words).status == 0
    assert len(study.runs(kind="baseline", study="short")) == len(baselines(study))


def test_a_second_study_of_the_series_takes_them_from_the_cache(study: Any) -> None:
    kept = sorted((study.folder / "cache" / "baselines").iterdir())
    assert len(kept) == 1
    before = kept[0].stat().st_mtime_ns
    done = study(*study.words, "study.name=second", "study.seed=7", "baselines=theta", "--json")
    events = [json.loads(line) for line in done.out.splitlines()]
    (ended,) = [event for event in events if event["event"] == "baseline_ended"]
    assert (ended["name"], ended["state"]) == ("theta", "complete")
    assert ended["baseline"]["score"] <= ended["score"]
    assert kept[0].stat().st_mtime_ns == before
    assert "theta" in baselines(study, "second")


def test_evaluate_compares_with_the_best_on_validation(study: Any) -> None:
    found = json.loads(study("evaluate", "short:best", "--seeds", "1", "--json").out)
    scored = [run for run in baselines(study).values() if "validation/mae" in run.data.metrics]
    best = min(scored, key=lambda run: run.data.metrics["validation/mae"])
    name = best.data.tags["sweepcast.baseline"]
    assert f"the best baseline ({name.replace('_', ' ')})" in found["summary"]
    assert found["baselines"][name]["test/skill"] == 0
    assert "theta" in found["baselines"], "the textbook baselines are scored there as well"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("baselines=thete", "did you mean 'theta'"),
        ("baselines.theta.time_limit=-1", "expected a number above 0"),
        ("baselines.theta.longest_history=1", "expected a number of at least 10"),
        ("baselines.theta.lags=3", "is not a configuration key"),
        ("+baselines.own._target_=nowhere.f", "No module named 'nowhere'"),
        ("task.season=[24,24]", "a list of different ones"),
        ("task.season=[0]", "expected a number of at least 1"),
    ],
)
def test_bad_input_is_reported(sweepcast: Any, words: str, text: str) -> None:
    done = sweepcast("sweep", *(["baselines=textbook"] * ("season" in words)), *words.split())
    assert done.status == 2
    assert text in done.err
    assert len(done.err.strip().splitlines()) <= 3


def test_several_seasons_are_a_list(sweepcast: Any, short: tuple[str, ...], eager: None) -> None:
    done = sweepcast("train", *short, "model=dense", "task.season=[24,7]")
    assert done.status == 0, done.err
    assert baselines(sweepcast)["ridge"].data.params["baseline.seasons"] == "24 7"
