"""What the pictures of a study ask of its table of trials. Lower scores win.

Letters: K trials. The table has the columns number, state and score.
"""

import numpy as np
import pandas as pd

from search.plots.style import Floats


def scores_of(trials: pd.DataFrame) -> Floats:
    return trials["score"].to_numpy(dtype=np.float64, na_value=np.nan)


def complete_trials(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials that have a finite score and are not pruned or failed."""
    if trials.empty:
        return trials
    kept = np.isfinite(scores_of(trials))
    if "state" in trials:
        kept &= (trials["state"] == "complete").to_numpy(dtype=bool)
    return trials[kept]


def no_trials(trials: pd.DataFrame) -> str:
    if trials.empty or "state" not in trials:
        return "No trial is complete yet."
    counts = trials["state"].value_counts()
    told = ", ".join(f"{count} {state}" for state, count in counts.items())
    return f"No trial is complete: {told}."


def ceiling(scores: Floats, spread: float = 3.0) -> float:
    """The highest of `scores` that is drawn to scale, of at least one finite score.

    `spread` times the range of the better three quarters above their worst: a wild trial is
    out, a merely bad one is in.
    """
    low, high = float(scores.min()), float(scores.max())
    if len(scores) < 5:
        return high
    upper = float(np.quantile(scores, 0.75))
    limit = upper + spread * (upper - low)
    return float(scores[scores <= limit].max()) if upper > low else high
