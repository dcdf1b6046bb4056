"""Formulates the verdict of a study, and of an evaluation on the test block."""

from collections.abc import Mapping, Sequence
from math import isfinite

from datasets.parsing.frequency import shown
from search.results.judgement import Verdict, interval, judged
from search.results.leaderboard import (
    Row,
    beats,
    best_baseline,
    best_forecaster,
    best_trial,
    ensemble_of,
)
from search.retraining.evaluation import Evaluation


def verdict(board: Sequence[Row], unit: str, *, brief: bool = False) -> str:
    """Returns a sentence that compares the best trial, or the ensemble, with the best baseline.

    It ends with the verdict: better, no clear difference, or worse.

    Args:
        board: trials and baselines, best first.
        unit: unit of the series.
        brief: whether to leave out the values of the trial.
    """
    best, baseline = best_forecaster(board), best_baseline(board)
    if best is not None and not beats(board):
        best = best_trial(board) or best
    if best is None:
        return "No trial completed."
    called = best.name.partition(" · ")[0] if brief else best.name
    over = f" over {best.seeds} fresh seeds" if best.fresh else ""
    if baseline is None or best.verdict is None:
        return f"Best: {called}, MAE {quantity(best.counted['mae'], unit)}{over}."
    name, bar = baseline.name.removeprefix("baseline · "), baseline.figures["mae"]
    mae = f"validation MAE {quantity(best.counted['mae'], unit)}{over}"
    end = _end(best.counted, best.verdict)
    if not beats(board):
        return (
            f"NO TRIAL BEATS THE BASELINE: {called} has {mae} against {quantity(bar, unit)} for "
            f"the baseline {name}{end}{_offered(board, unit)}"
        )
    verb = "beats" if best.verdict is Verdict.BETTER else "has a lower MAE than"
    return f"{called} {verb} the best baseline ({name}): {mae} against {quantity(bar, unit)}{end}"


def _offered(board: Sequence[Row], unit: str) -> str:
    """Returns a sentence on the ensemble, which may be the best baseline alone."""
    found = ensemble_of(board)
    if found is None:
        return ""
    name = found.name.removeprefix("ensemble · ")
    return f" STUDY:ensemble, {name}, has {quantity(found.figures['mae'], unit)}."


def _end(figures: Mapping[str, float], found: Verdict) -> str:
    """Returns the end of a sentence: the skill, its confidence interval and the verdict."""
    shown = f", skill {figures['skill']:+.1%}" if "skill" in figures else ""
    if not interval(figures):
        return f"{shown}: {found} by the MAE alone, without a confidence interval."
    return f"{shown} (95 % confidence interval {interval(figures)}): {found}."


def optimism(board: Sequence[Row], unit: str) -> str:
    """Returns a sentence on the optimism of the search score; empty if it is unknown."""
    best = best_trial(board)
    if best is None or "optimism" not in best.fresh:
        return ""
    searched, fresh = best.figures["mae"], best.fresh["mae"]
    word = "better" if searched < fresh else "worse"
    called = "it" if best is best_forecaster(board) else best.name.partition(" · ")[0]
    return (
        f"In the search {called} scored {quantity(searched, unit)}, "
        f"{abs(searched - fresh):.3f} {word} than with fresh seeds."
    )


def quantity(value: float, unit: str) -> str:
    """Returns a score with its unit."""
    return f"{value:.3f} {unit}".strip()


def evaluation_judged(found: Evaluation) -> Verdict:
    """Returns the verdict on an evaluated model."""
    return judged(_test_figures(found), found.rival.mae)


def evaluation_verdict(found: Evaluation) -> str:
    """Returns a sentence that says how the model compares with the best baseline."""
    unit, best = found.series.unit, found.rival
    figures, verdict = _test_figures(found), evaluation_judged(found)
    verb = "beats" if verdict is Verdict.BETTER else "has a lower MAE than"
    seeds = f"± {figures['mae_std']:.3f} over {found.seeds} fresh seeds"
    if found.record.kind == "ensemble":
        seeds = f"with {found.seeds} fresh seeds of each trial averaged"
    return (
        f"{found.record.name} {verb if found.wins else 'DOES NOT BEAT'} the best baseline "
        f"({best.name.replace('_', ' ')}): test MAE {quantity(figures['mae'], unit)} "
        f"{seeds} against {quantity(best.mae, unit)}{_end(figures, verdict)}"
    )


def _test_figures(found: Evaluation) -> dict[str, float]:
    return {
        name.removeprefix("test/"): value
        for name, value in found.metrics.items()
        if isfinite(value)
    }


def test_block(found: Evaluation) -> str:
    """Returns a sentence on the range of the test block and how often it was read."""
    steps = len(found.baselines[0].forecast) + found.baselines[0].forecast.shape[1] - 1
    first, last = found.series.timestamps[-steps], found.series.timestamps[-1]
    times = "once" if found.reads == 1 else f"{found.reads} times"
    return (
        f"Test block: {shown(first)} to {shown(last)}, {steps} steps; read {times} in this store."
    )
