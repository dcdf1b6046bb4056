"""The verdict on a trial: better, no clear difference, or worse than the best baseline."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.results.judgement import Verdict, interval, judged, verdict_of
from search.results.leaderboard import rows
from search.results.verdict import verdict
from search.tracking.reading import Record

skills = st.floats(-1e6, 1.0, allow_nan=False)
ends = st.tuples(skills, skills).map(sorted)


@given(ends)
def test_the_verdict_says_on_which_side_of_zero_the_interval_lies(bounds: list[float]) -> None:
    low, high = bounds
    assert (verdict_of(low, high) is Verdict.BETTER) == (low > 0)
    assert (verdict_of(low, high) is Verdict.WORSE) == (high < 0)
    assert (verdict_of(low, high) is Verdict.UNCLEAR) == (low <= 0 <= high)


@given(ends)
def test_a_mirrored_interval_gives_the_opposite_verdict(bounds: list[float]) -> None:
    low, high = bounds
    opposite = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}
    found = verdict_of(low, high)
    assert verdict_of(-high, -low) is opposite.get(found, Verdict.UNCLEAR)


@given(ends, st.floats(0, 1e6))
def test_a_wider_interval_never_gives_a_clearer_verdict(bounds: list[float], more: float) -> None:
    low, high = bounds
    assert verdict_of(low - more, high + more) in (verdict_of(low, high), Verdict.UNCLEAR)


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_without_an_interval_the_mae_decides(mae: float, bar: float) -> None:
    found = judged({"mae": mae}, bar)
    assert (found is Verdict.BETTER) == (mae < bar)
    assert (found is Verdict.WORSE) == (mae > bar)


@given(ends, st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_an_interval_decides_whatever_the_mae(bounds: list[float], mae: float, bar: float) -> None:
    figures = {"mae": mae, "skill_low": bounds[0], "skill_high": bounds[1]}
    assert judged(figures, bar) is verdict_of(*bounds)


def record(kind: str, number: int, mae: float, **more: float) -> Record:
    tags = {} if kind == "baseline" else {"sweepcast.trial": str(number)}
    name = "baseline · ridge" if kind == "baseline" else f"trial {number} · dense 4"
    metrics = {"validation/mae": mae, "validation/skill": 1 - mae / 2.0}
    metrics |= {f"validation/{key}": value for key, value in more.items()}
    return Record(f"{kind} {number}", name, kind, "s", "complete", number, 1, tags, {}, metrics)


@pytest.mark.parametrize(
    ("mae", "bounds", "start", "end"),
    [
        (
            *(1.8, (0.02, 0.18), "trial 0 beats the best baseline (ridge): "),
            "skill +10.0% (95 % confidence interval +2.0% to +18.0%): better.",
        ),
        (
            *(1.8, (-0.02, 0.18), "trial 0 has a lower MAE than the best baseline (ridge): "),
            "(95 % confidence interval -2.0% to +18.0%): no clear difference.",
        ),
        (
            *(2.2, (-0.22, 0.02), "NO TRIAL BEATS THE BASELINE: trial 0 has "),
            "(95 % confidence interval -22.0% to +2.0%): no clear difference.",
        ),
        (
            *(2.2, (-0.22, -0.02), "NO TRIAL BEATS THE BASELINE: trial 0 has "),
            "skill -10.0% (95 % confidence interval -22.0% to -2.0%): worse.",
        ),
        (
            *(1.8, (), "trial 0 beats the best baseline (ridge): "),
            "skill +10.0%: better by the MAE alone, without a confidence interval.",
        ),
        (
            *(2.2, (), "NO TRIAL BEATS THE BASELINE: trial 0 has "),
            "skill -10.0%: worse by the MAE alone, without a confidence interval.",
        ),
    ],
)
def test_the_sentence_states_the_verdict_in_words(
    mae: float, bounds: tuple[float, ...], start: str, end: str
) -> None:
    known = dict(zip(("skill_low", "skill_high"), bounds, strict=False))
    board = rows([record("trial", 0, mae, **known), record("baseline", 1, 2.0)])
    text = verdict(board, "°C", brief=True)
    assert text.startswith(start)
    assert text.endswith(end)
    trial = next(row for row in board if row.kind == "trial")
    assert f": {trial.verdict}" in text
    assert trial.as_dict()["verdict"] == trial.verdict
    assert next(row for row in board if row.kind == "baseline").verdict is None


def test_without_a_baseline_there_is_no_verdict() -> None:
    (row,) = rows([record("trial", 0, 1.0)])
    assert row.verdict is None
    assert interval(row.counted) == ""
    assert not math.isnan(row.counted["mae"])
