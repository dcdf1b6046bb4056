"""Formulates the verdict of a study, and of an evaluation on the test block."""

from collections.abc import Mapping, Sequence

from datasets.parsing.frequency import shown
from search.results.leaderboard import Row, beats, best_baseline, best_trial
from search.retraining.evaluation import Evaluation


def verdict(board: Sequence[Row], unit: str, *, brief: bool = False) -> str:
    """Returns a sentence that says whether the best trial beats the best baseline.

    Args:
        board: trials and baselines, best first.
        unit: unit of the series.
        brief: whether to leave out the values of the trial.
    """
    best, baseline = best_trial(board), best_baseline(board)
    if best is None:
        return "No trial completed."
    called = best.name.partition(" · ")[0] if brief else best.name
    over = f" over {best.seeds} fresh seeds" if best.fresh else ""
    if baseline is None:
        return f"Best: {called}, MAE {quantity(best.counted['mae'], unit)}{over}."
    name = baseline.name.removeprefix("baseline · ")
    mae, bar = best.counted["mae"], baseline.figures["mae"]
    if beats(board):
        return (
            f"{called} beats the best baseline ({name}): validation MAE "
            f"{quantity(mae, unit)}{over} against {quantity(bar, unit)}, skill {1 - mae / bar:+.1%}"
            f"{interval(best.counted)}."
        )
    return (
        f"NO TRIAL BEATS THE BASELINE: {called} has validation MAE {quantity(mae, unit)}{over} "
        f"against {quantity(bar, unit)} for the baseline {name}{interval(best.counted)}."
    )


def interval(figures: Mapping[str, float]) -> str:
    """Returns the 95 % confidence interval of the skill, and whether it includes zero."""
    if "skill_low" not in figures:
        return ""
    low, high = figures["skill_low"], figures["skill_high"]
    zero = ", which includes zero" if low <= 0 <= high else ""
    return f" (95 % confidence interval of the skill {low:+.1%} to {high:+.1%}{zero})"


def optimism(board: Sequence[Row], unit: str) -> str:
    """Returns a sentence on the optimism of the search score; empty if it is unknown."""
    best = best_trial(board)
    if best is None or "optimism" not in best.fresh:
        return ""
    searched, fresh = best.figures["mae"], best.fresh["mae"]
    word = "better" if searched < fresh else "worse"
    return (
        f"In the search it scored {quantity(searched, unit)}, {abs(searched - fresh):.3f} {word} "
        "than with fresh seeds."
    )


def quantity(value: float, unit: str) -> str:
    """Returns a score with its unit."""
    return f"{value:.3f} {unit}".strip()


def evaluation_verdict(found: Evaluation) -> str:
    """Returns a sentence that says whether the model beats the best baseline, and by how much."""
    unit, best = found.series.unit, found.rival
    figures = {name.removeprefix("test/"): value for name, value in found.metrics.items()}
    return (
        f"{found.record.name} {'beats' if found.wins else 'DOES NOT BEAT'} the best baseline "
        f"({best.name.replace('_', ' ')}): test MAE {quantity(figures['mae'], unit)} "
        f"± {figures['mae_std']:.3f} over {found.seeds} fresh seeds against "
        f"{quantity(best.mae, unit)}, skill {figures['skill']:+.1%}{interval(figures)}."
    )


def test_block(found: Evaluation) -> str:
    """Returns a sentence on the range of the test block and how often it was read."""
    steps = len(found.baselines[0].forecast) + found.baselines[0].forecast.shape[1] - 1
    first, last = found.series.timestamps[-steps], found.series.timestamps[-1]
    times = "once" if found.reads == 1 else f"{found.reads} times"
    return (
        f"Test block: {shown(first)} to {shown(last)}, {steps} steps; read {times} in this store."
    )
