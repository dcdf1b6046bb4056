"""Selections from the table of trials for the figures of a study. Lower scores are better.

Letters: K trials. The table has the columns number, state and score.
"""

import numpy as np
import pandas as pd

from search.plots.style import Floats


def scores_of(trials: pd.DataFrame) -> Floats:
    """Returns the scores [K] of the trials; NaN if there is none."""
    return trials["score"].to_numpy(dtype=np.float64, na_value=np.nan)


def complete_trials(trials: pd.DataFrame) -> pd.DataFrame:
    """Returns the complete trials that have a finite score."""
    if trials.empty:
        return trials
    kept = np.isfinite(scores_of(trials))
    if "state" in trials:
        kept &= (trials["state"] == "complete").to_numpy(dtype=bool)
    return trials[kept]


def no_trials(trials: pd.DataFrame) -> str:
    """Returns a message for a study without a complete trial."""
    if trials.empty or "state" not in trials:
        return "No trial is complete yet."
    counts = trials["state"].value_counts()
    states = ", ".join(f"{count} {state}" for state, count in counts.items())
    return f"No trial is complete: {states}."


def ceiling(scores: Floats, spread: float = 3.0) -> float:
    """Returns the highest of `scores` (at least one, all finite) to draw to scale.

    The limit is the third quartile plus `spread` times its distance from the best score. It
    excludes outliers but includes trials that are only bad.
    """
    low, high = float(scores.min()), float(scores.max())
    if len(scores) < 5:
        return high
    upper = float(np.quantile(scores, 0.75))
    limit = upper + spread * (upper - low)
    return float(scores[scores <= limit].max()) if upper > low else high
