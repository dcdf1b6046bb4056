"""Judges a score against that of the best baseline: better, no clear difference, or worse."""

from collections.abc import Mapping
from enum import StrEnum


class Verdict(StrEnum):
    """How a trial compares with the best baseline."""

    BETTER = "better"
    UNCLEAR = "no clear difference"
    WORSE = "worse"


def verdict_of(low: float, high: float) -> Verdict:
    """Returns the verdict that the bounds of the confidence interval of a skill give.

    An interval that includes zero shows no clear difference, also if zero is one of its bounds.
    """
    if low > 0:
        return Verdict.BETTER
    return Verdict.WORSE if high < 0 else Verdict.UNCLEAR


def judged(figures: Mapping[str, float], baseline_mae: float) -> Verdict:
    """Returns the verdict on a trial: by the interval of its skill, or without one by its MAE.

    Runs of earlier versions have no interval.

    Args:
        figures: mae, and skill_low and skill_high if they are known.
        baseline_mae: MAE of the best baseline.
    """
    if "skill_low" in figures:
        return verdict_of(figures["skill_low"], figures["skill_high"])
    return verdict_of(*[baseline_mae - figures["mae"]] * 2)


def interval(figures: Mapping[str, float]) -> str:
    """Returns the confidence interval of the skill, e.g. "+0.4% to +3.7%"; empty if unknown."""
    if "skill_low" not in figures:
        return ""
    return f"{figures['skill_low']:+.1%} to {figures['skill_high']:+.1%}"
