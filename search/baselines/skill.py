"""Computes the confidence intervals of the skill of results against the best baseline."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from search.baselines.scoring import Baseline
from search.trial.result import Result
from search.trial.scores import losses, paired_interval

Array = NDArray[np.float64]


class SkillIntervals:
    """The intervals of the trials of a study, against its best baseline.

    An interval is paired with the errors of one baseline. If a textbook baseline becomes the best
    one later, the intervals of the trials that ended before cannot be converted; they have to be
    computed again. Therefore the losses of these trials are kept in memory, one number per origin,
    but only while such a baseline may still arrive, so that a long study needs no more memory.

    The losses of an earlier session are not known: the store has the forecasts of one seed only.
    """

    def __init__(self, baselines: Sequence[Baseline], expected: Callable[[], bool]) -> None:
        """Prepares to compute intervals.

        Args:
            baselines: baselines of the study, best first; the list may grow.
            expected: returns whether further baselines may arrive.
        """
        self._baselines = baselines
        self._expected = expected
        self._kept: dict[int, tuple[str, Array]] = {}  # by trial: block and losses

    def of(self, result: Result) -> dict[str, float]:
        """Returns the bounds of a complete trial, against the best baseline so far, as metrics."""
        if result.state != "complete":
            return {}
        ours = _losses(result)
        if self._expected():
            self._kept[result.number] = result.block, ours
        return _ends(result.block, ours, self._baselines[0])

    def updated(self) -> dict[int, dict[str, float]]:
        """Returns the bounds against the present best baseline, by trial, where they are known."""
        best = self._baselines[0]
        return {number: _ends(block, ours, best) for number, (block, ours) in self._kept.items()}


def skill_ends(result: Result, baseline: Baseline) -> dict[str, float]:
    """Returns the bounds of the 95 % confidence interval of a result's skill, as metrics.

    The folds follow each other in time, so their targets are resampled as one series. There are no
    bounds if the baseline makes no error.
    """
    return _ends(result.block, _losses(result), baseline)


def _losses(result: Result) -> Array:
    """Returns the losses of a result at each origin [N], over all folds and averaged over seeds."""
    folds = sorted({execution.fold for execution in result.executions})
    by_fold = [[one for one in result.executions if one.fold == fold] for fold in folds]
    return np.concatenate(
        [losses(fold[0].actual, [one.forecast for one in fold]) for fold in by_fold]
    )


def _ends(block: str, ours: Array, baseline: Baseline) -> dict[str, float]:
    horizon = baseline.forecast.shape[1]
    low, high = paired_interval(ours, baseline.losses, horizon=horizon)
    return {f"{block}/skill_low": low, f"{block}/skill_high": high} if np.isfinite(low) else {}
