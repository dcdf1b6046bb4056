"""The best trials of a study are retrained with fresh seeds before the best one is chosen."""

import csv
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from search.config.schema import StudyOptions
from search.results.judgement import verdict_of
from search.results.leaderboard import rows
from search.results.verdict import verdict
from search.retraining.finalists import pending_finalists
from search.seeds import FINALIST, derived
from search.tracking.reading import Record
from search.trial.result import Execution, Result
from search.trial.scores import losses, paired_interval

pytestmark = pytest.mark.usefixtures("eager")
SPACE = ("model=dense", "space=[]", "space.model.dense.units=[2,3,4,5]", "backend=optuna_grid")
SPACE += ("study.trials=4",)
ENDS = ("skill_low", "skill_high")
AGAIN = ("study.finalists=2", "study.finalist_executions=3")


def record(kind: str, number: int, mae: float, **more: Any) -> Record:
    tags = {} if kind == "baseline" else {"sweepcast.trial": str(number)}
    return Record(
        run_id=f"{kind} {number}",
        name=f"{kind} {number}",
        kind=kind,
        study="s",
        state=more.pop("state", "complete"),
        started=number,
        ended=number,
        tags=tags,
        params={"study.executions": "3"},
        metrics={"validation/mae": mae, "validation/skill": 0.0, **more},
    )


def skill_interval(actual: Any, forecasts: Any, baseline: Any) -> tuple[float, float]:
    ours, theirs = losses(actual, forecasts), losses(actual, [baseline])
    return paired_interval(ours, theirs, horizon=actual.shape[1])


def test_finalists_are_runs_and_the_best_one_becomes_the_best_trial(
    sweepcast: Any, short: tuple[str, ...]
) -> None:
    done = sweepcast("sweep", *short, *SPACE, *AGAIN)
    assert done.status == 0, done.err
    trials = sweepcast.trials("short")
    finalists = sweepcast.runs(kind="finalist", study="short")
    by_score = sorted(trials, key=lambda run: run.data.metrics["validation/mae"])
    numbers = [int(run.data.tags["sweepcast.trial"]) for run in finalists]
    assert set(numbers) == {int(run.data.tags["sweepcast.trial"]) for run in by_score[:2]}
    for run, number in zip(finalists, numbers, strict=True):
        assert int(run.data.params["seed"]) == derived(42, number, FINALIST)
        curves = [sweepcast.curve(run, f"fold_0/execution_{j}/validation/mae") for j in (1, 2)]
        with sweepcast.path(run, "predictions.csv").open(newline="") as file:
            first = [abs(float(r["actual"]) - float(r["forecast"])) for r in csv.DictReader(file)]
        scores = [np.mean(first), *(curve[-1][1] for curve in curves)]
        assert len(set(scores)) == 3  # three seeds
        assert run.data.metrics["validation/mae"] == pytest.approx(np.mean(scores))
        assert run.data.metrics["validation/mae_std"] == pytest.approx(np.std(scores))
        low, skill, high = (
            run.data.metrics[f"validation/{name}"] for name in ("skill_low", "skill", "skill_high")
        )
        assert low < skill < high
        averaged = run.data.metrics["validation/averaged_mae"]
        assert averaged < run.data.metrics["validation/mae"]  # their errors partly cancel out
        assert f", seeds averaged {averaged:.3f} (" in done.out
    best = min(finalists, key=lambda run: run.data.metrics["validation/mae"])
    chosen = trials[int(best.data.tags["sweepcast.trial"])]
    page = sweepcast.study("short").data
    assert page.tags["sweepcast.best"] == chosen.info.run_id
    assert page.metrics["validation/mae"] == best.data.metrics["validation/mae"]
    assert "over 3 fresh seeds" in page.tags["sweepcast.result"]
    assert "than with fresh seeds" in page.tags["mlflow.note.content"]
    board = json.loads(sweepcast("leaderboard", "--json").out)
    first_trial = next(row for row in board["rows"] if row["kind"] == "trial")
    assert first_trial["run_id"] == chosen.info.run_id
    assert first_trial["fresh_seeds"] == 3


def test_the_same_command_retrains_only_lost_finalists(
    sweepcast: Any, short: tuple[str, ...]
) -> None:
    command = ("sweep", *short, *SPACE, *AGAIN)
    assert sweepcast(*command).status == 0
    first = sweepcast.runs(kind="finalist", study="short")
    assert "Nothing left to do" in sweepcast(*command).out
    assert len(sweepcast.runs(kind="finalist", study="short")) == 2

    sweepcast.client.delete_tag(first[0].info.run_id, "sweepcast.state")  # as after a crash
    sweepcast.client.update_run(first[0].info.run_id, status="RUNNING")
    done = sweepcast(*command)
    assert done.status == 0, done.err
    lost, kept, again = sweepcast.runs(kind="finalist", study="short")
    assert lost.data.tags["sweepcast.state"] == "lost"
    assert kept.info.run_id == first[1].info.run_id
    assert again.data.metrics["validation/mae"] == first[0].data.metrics["validation/mae"]


def test_finalists_are_chosen_by_their_mean_rank_over_the_folds() -> None:
    options = StudyOptions(finalists=2)
    maes = {
        0: (0.1, 5.0, 5.1),  # lucky in the first fold: the lowest mean, but last in the others
        1: (4.0, 3.0, 4.0),
        2: (4.1, 3.1, 3.9),
        3: (9.0, 4.0, 4.2),
    }
    runs = [
        record(
            *("trial", number, float(np.mean(folds))),
            **{f"validation/fold_{fold}/mae": mae for fold, mae in enumerate(folds)},
        )
        for number, folds in maes.items()
    ]
    runs = [replace(run, params={"a": str(run.number)}) for run in runs]
    assert min(runs, key=lambda run: run.mae or 0.0).number == 0
    assert [run.number for run in pending_finalists(runs, options)] == [1, 2]
    # With one fold, or with a trial of an earlier version, the mean decides.
    plain = [replace(run, metrics={"validation/mae": run.mae or 0.0}) for run in runs]
    for known in (plain, [*runs[:3], plain[3]]):
        assert [run.number for run in pending_finalists(known, options)] == [0, 1]


def test_the_scores_of_each_fold_are_logged(sweepcast: Any, short: tuple[str, ...]) -> None:
    words = ("task.folds=2", "study.finalists=1", "study.finalist_executions=2", "study.trials=2")
    done = sweepcast("sweep", *short, *SPACE, *words)
    assert done.status == 0, done.err
    finalists = sweepcast.runs(kind="finalist", study="short")
    for run in [*sweepcast.trials("short"), *finalists, *sweepcast.runs(kind="baseline")]:
        metrics = run.data.metrics
        folds = [metrics[f"validation/fold_{fold}/mae"] for fold in (0, 1)]
        assert np.mean(folds) == pytest.approx(metrics["validation/mae"])


def test_the_seeds_of_a_result_are_averaged_in_each_fold() -> None:
    actual = np.array([[1.0], [np.nan], [3.0]])
    executions = tuple(
        Execution(fold, seed, (), actual, actual + shift, {}, 1.0)
        for fold, shifts in enumerate([(1.0, -1.0), (2.0, 4.0)])
        for seed, shift in enumerate(shifts)
    )
    assert Result(0, "complete", executions=executions).averaged_mae() == (0 + 3) / 2


def test_a_failed_finalist_is_not_the_best(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...]
) -> None:
    done = sweepcast(
        *("sweep", *odd, *short, "space.model.level=[0.0,3.0]", *AGAIN, "study.name=first"),
    )
    assert done.status == 0, done.err
    good = sweepcast.study("first").data.tags["sweepcast.best"]
    runs = [record("trial", 0, 1.0), record("trial", 1, 2.0), record("finalist", 1, 2.5)]
    runs.append(record("finalist", 0, 0.0, state="failed"))
    board = rows(runs)
    assert [row.name for row in board] == ["trial 1", "trial 0"]
    assert good in {run.info.run_id for run in sweepcast.trials("first")}


def test_finalists_rank_above_other_trials_and_baselines_rank_by_score() -> None:
    runs = [
        record("trial", 0, 1.0),
        record("trial", 1, 1.1),
        record("trial", 2, 1.2),
        record("trial", 3, 3.0),
        record("finalist", 0, 1.5),
        record("finalist", 1, 1.4),
        record("baseline", 9, 1.45),
        record("baseline", 10, 2.0),
    ]
    names = [row.name for row in rows(runs)]
    assert names == [
        *("trial 1", "baseline 9", "trial 0", "trial 2", "baseline 10", "trial 3"),
    ]


def test_the_verdict_follows_the_interval_of_the_finalist_not_of_its_search() -> None:
    baseline = record("baseline", 9, 2.0)
    searched = {"validation/skill_low": 0.5, "validation/skill_high": 0.6}
    for low, high, text in (
        (0.1, 0.4, "trial 0 beats the best baseline (baseline 9): "),
        (-0.1, 0.4, "trial 0 has a lower MAE than the best baseline (baseline 9): "),
    ):
        ends = {"validation/skill_low": low, "validation/skill_high": high}
        again = record("finalist", 0, 1.5, **ends)
        board = rows([record("trial", 0, 1.0, **searched), again, baseline])
        message = verdict(board, "°C")
        assert message.startswith(text)
        assert "validation MAE 1.500 °C over 3 fresh seeds against 2.000 °C" in message
        assert message.endswith(
            f"(95 % confidence interval {low:+.1%} to {high:+.1%}): {board[0].verdict}."
        )


# ---------------------------------------------------------------- the interval


def test_an_interval_is_paired() -> None:
    """A model with half the error at every target has a certain skill of 0.5."""
    hard = np.random.default_rng(1).lognormal(sigma=2, size=(200, 1))
    low, high = skill_interval(np.zeros((200, 1)), [hard], 2 * hard)
    assert (low, high) == pytest.approx((0.5, 0.5))


def test_an_interval_has_the_nominal_coverage() -> None:
    rng = np.random.default_rng(7)
    true, hits = 1 - 0.9, 0
    for _ in range(200):
        errors = rng.laplace(size=(120, 1))
        low, high = skill_interval(
            np.zeros((120, 1)), [0.9 * errors + 0.0], errors * rng.choice([0.9, 1.1], size=(120, 1))
        )
        hits += low <= true <= high
    assert 0.88 <= hits / 200 <= 1.0


def test_an_interval_is_wider_if_neighbouring_errors_are_correlated() -> None:
    rng = np.random.default_rng(5)
    alone = rng.normal(size=(500, 1))
    together = np.repeat(rng.normal(size=(63, 1)), 8, axis=0)[:500]
    rival = np.abs(rng.normal(size=(500, 1)))
    widths = [np.diff(skill_interval(np.zeros((500, 1)), [e], rival))[0] for e in (alone, together)]
    assert widths[1] > 1.3 * widths[0]


def test_missing_readings_do_not_affect_an_interval() -> None:
    rng = np.random.default_rng(2)
    actual, forecast, rival = rng.normal(size=(3, 80, 2))
    actual[10:20] = np.nan
    wild = forecast.copy()
    wild[10:20] = 1e9
    assert skill_interval(actual, [forecast], rival) == skill_interval(actual, [wild], rival)


def test_leaderboard_csv_has_the_scores_of_fresh_seeds(
    sweepcast: Any, short: tuple[str, ...]
) -> None:
    assert sweepcast("sweep", *short, *SPACE, *AGAIN).status == 0
    with sweepcast.path(sweepcast.study("short"), "leaderboard.csv").open(newline="") as file:
        table = [row for row in csv.DictReader(file) if row["kind"] == "trial"]
    assert [bool(row["fresh_mae"]) for row in table] == [True, True, False, False]
    for row in table[:2]:
        assert float(row["fresh_optimism"]) == pytest.approx(
            float(row["mae"]) - float(row["fresh_mae"])
        )
        assert float(row["fresh_averaged_mae"]) < float(row["fresh_mae"])
    for row in table:
        assert float(row["skill_low"]) < float(row["skill"]) < float(row["skill_high"])
        low, high = (float(row["fresh_" * bool(row["fresh_mae"]) + n]) for n in ENDS)
        assert row["verdict"] == verdict_of(low, high)
