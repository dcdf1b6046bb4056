"""Textbook baselines in a study: fitted while trials run, read from the cache, or failed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from search.tracking.reading import find_run
from search.tracking.studies import ledger_of


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


def test_the_interval_of_every_trial_contains_its_skill(study: Any) -> None:
    for run in study.trials("short"):
        low, skill, high = (
            run.data.metrics[f"validation/{name}"] for name in ("skill_low", "skill", "skill_high")
        )
        assert low < skill < high


def test_a_later_baseline_updates_the_known_intervals_and_withdraws_the_others(
    sweepcast: Any, short: tuple[str, ...], eager: None
) -> None:
    words = ("sweep", *short, "model=dense", "space=[]", "space.model.dense.units=[2,3]")
    assert sweepcast(*words, "study.trials=2").status == 0
    client, (trial, *_) = sweepcast.client, sweepcast.trials("short")
    ledger = ledger_of(client, find_run(client, trial.info.run_id), None)
    before = {run.run_id: run for run in ledger.runs()}
    assert ledger.update_skill([*before.values()], baseline_mae(sweepcast), {}) == [
        *before.values()
    ], "the same baseline changes nothing"

    new = {"validation/skill_low": -9.0, "validation/skill_high": -7.0}
    bar = baseline_mae(sweepcast) / 2
    returned = ledger.update_skill([*before.values()], bar, {0: new})
    assert ledger.runs() == returned
    for run in returned:
        known = run.metrics.keys() & new.keys()
        if run.kind == "trial":
            assert run.metrics["validation/skill"] == 1 - run.metrics["validation/mae"] / bar
            assert before[run.run_id].metrics.keys() >= new.keys()
            assert known == (new.keys() if run.number == 0 else set())
    # A withdrawn interval is shown nowhere; the verdict says that it rests on the MAE alone.
    rows = json.loads(sweepcast("leaderboard", "--json").out)["rows"]
    unknown = next(row for row in rows if row["name"].startswith("trial 1"))
    assert "validation/skill_low" not in unknown
    assert unknown["verdict"] == "worse"
    for command in (
        ("leaderboard",),
        ("compare", *(run.info.run_id for run in sweepcast.trials("short"))),
    ):
        done = sweepcast(*command)
        assert (done.status, "nan" in done.out.lower()) == (0, False), done.err


def baseline_mae(program: Any) -> float:
    return min(run.data.metrics["validation/mae"] for run in baselines(program).values())


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
