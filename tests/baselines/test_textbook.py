"""Textbook baselines: their process, their time limits and their cache."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets import Series, load
from search.baselines import cache
from search.baselines.scoring import Baseline, Targets, ranked, score_baselines
from search.baselines.textbook import FailedBaseline, TextbookBaselines, all_baselines
from search.config.schema import Task
from search.trial.data import TEST

ODD = """
import os
import time
from models.baselines import Forecast, persistence


def build(problem, *, kind: str = "fine", file: str = ""):
    with open(file, "a") as called:
        called.write(kind + "\\n")
    if kind == "raises":
        raise ValueError("no such season\\nsecond line")
    if kind == "dies":
        os._exit(9)
    if kind == "sleeps":
        time.sleep(600)
    if kind == "none":
        return None
    if kind == "short":
        return Forecast("odd", persistence(problem).predictions[1:], {})
    parameters = {"shift": {1} if kind == "set" else 1.0}
    return Forecast("odd", persistence(problem).predictions + 1, {"kind": kind}, parameters)
"""
TASK = Task(window_size=4, validation=30, test=20, folds=2, season=24)


@pytest.fixture(scope="module")
def series() -> Series:
    return load({"_target_": "datasets.synthetic.synthetic", "steps": 200, "period": 24})


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Returns a function that makes the options of an odd baseline; `calls` lists its calls."""
    (tmp_path / "odd_baselines.py").write_text(ODD)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("SWEEPCAST_CACHE", str(tmp_path / "cache"))
    calls = tmp_path / "calls"

    def made(kind: str, time_limit: float = 60.0) -> dict[str, Any]:
        target = "odd_baselines.build"
        return {"_target_": target, "kind": kind, "file": str(calls), "time_limit": time_limit}

    made.calls = lambda: calls.read_text().split() if calls.exists() else []  # type: ignore[attr-defined]
    return made


def collected(textbook: TextbookBaselines) -> list[Baseline | FailedBaseline]:
    found = []
    until = time.monotonic() + 120
    while textbook.busy:
        assert time.monotonic() < until
        if (one := textbook.take(0.2)) is not None:
            found.append(one)
    textbook.close()
    return found


def test_a_baseline_that_fails_has_a_reason_and_the_others_are_fitted(
    series: Series, odd: Any
) -> None:
    kinds = ("raises", "dies", "sleeps", "none", "short", "fine")
    options = {kind: odd(kind, 1.0 if kind == "sleeps" else 60.0) for kind in kinds}
    found = collected(TextbookBaselines(series, TASK, options))
    failed = {one.name: one.reason for one in found if isinstance(one, FailedBaseline)}
    assert failed["raises"] == "ValueError: no such season"
    assert failed["dies"] == "its process died"
    assert failed["sleeps"] == "it exceeded its time limit of 1 s"
    assert "short" in failed
    (fine,) = [one for one in found if isinstance(one, Baseline)]
    assert fine.name == "odd"
    assert len(fine.forecasts) == 2
    assert "none" not in failed, "a method that does not apply is left out"


def test_a_second_study_takes_the_forecasts_from_the_cache(series: Series, odd: Any) -> None:
    options = {"odd": odd("fine"), "raises": odd("raises")}
    first = collected(TextbookBaselines(series, TASK, options))
    assert odd.calls() == ["fine", "fine", "raises"]
    again = collected(TextbookBaselines(series, TASK, {"odd": odd("fine", time_limit=5.0)}))
    assert odd.calls() == ["fine", "fine", "raises"], "nothing was fitted again"
    kept, before = again[0], next(one for one in first if isinstance(one, Baseline))
    assert isinstance(kept, Baseline)
    assert kept.metrics == before.metrics
    assert kept.settings == before.settings
    collected(TextbookBaselines(series, TASK, {"odd": odd("fine")}, TEST))
    assert odd.calls()[3:] == ["fine"], "the forecasts of another block are not reused"


def test_the_cache_keeps_the_fitted_parameters(series: Series, odd: Any, tmp_path: Path) -> None:
    collected(TextbookBaselines(series, TASK, {"odd": odd("fine")}))
    (file,) = (tmp_path / "cache" / "baselines").iterdir()
    kept = cache.load(file.stem)
    assert kept is not None
    assert [one and one.parameters for one in kept] == [{"shift": 1.0}] * 2
    (found,) = collected(TextbookBaselines(series, TASK, {"odd": odd("set")}))
    assert isinstance(found, Baseline), "parameters that are not JSON are not kept"


def test_a_damaged_file_of_the_cache_is_ignored(series: Series, odd: Any, tmp_path: Path) -> None:
    collected(TextbookBaselines(series, TASK, {"odd": odd("fine")}))
    (file,) = (tmp_path / "cache" / "baselines").iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert cache.load(file.stem) is None
    assert isinstance(collected(TextbookBaselines(series, TASK, {"odd": odd("fine")}))[0], Baseline)


def test_all_baselines_are_ranked_together(series: Series, odd: Any) -> None:
    found = all_baselines(series, TASK, {"odd": odd("fine")})
    assert "odd" in [one.name for one in found]
    maes = [one.mae for one in found]
    assert maes == sorted(maes)
    assert found[0].metrics["validation/skill"] == 0
    against = ranked(found, against="odd")
    assert next(o for o in against if o.name == "odd").metrics["validation/skill"] == 0
    assert against[0].metrics["validation/skill"] > 0


def test_the_targets_are_those_of_the_quick_baselines(series: Series) -> None:
    posed = Targets.of(series, TASK)
    quick = score_baselines(series, TASK)
    assert [len(a) for a in posed.actual] == [len(f) for f in quick[0].forecasts]
    assert all(p.train_stop == int(p.origins[0]) + 1 for p in posed.problems)
    last = posed.problems[-1]
    assert len(last.values) == len(series.values) - TASK.test, "the test block is not visible"
    assert np.isfinite(last.values).all()
