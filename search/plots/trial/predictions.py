"""Selections from a table of predictions for figures and charts."""

import numpy as np
import pandas as pd

from search.plots.style import Floats

_ZOOM = (24, 400)  # minimum and maximum length of the zoomed part, in steps


def first_step(predictions: pd.DataFrame) -> pd.DataFrame:
    """Returns the rows of step 1, sorted by fold and time."""
    first = predictions[predictions["step"] == 1]
    return first.sort_values(["fold", "timestamp"], kind="stable", ignore_index=True)


def closing(frame: pd.DataFrame, season: int) -> pd.DataFrame:
    """Returns the last season of the last fold, or the last third of a fold that is too short."""
    fold: pd.DataFrame = frame[frame["fold"] == frame["fold"].max()]
    points = min(max(season, _ZOOM[0]), _ZOOM[1])
    if points > 0.7 * len(fold):
        points = max(len(fold) // 3, _ZOOM[0])
    return fold.iloc[-points:]


def floats_of(frame: pd.DataFrame, name: str) -> Floats:
    """Returns a column as floats [R]."""
    return frame[name].to_numpy(dtype=np.float64)


def errors_of(frame: pd.DataFrame) -> Floats:
    """Returns forecast − actual [R]; NaN if either is not finite."""
    with np.errstate(invalid="ignore"):
        errors = floats_of(frame, "forecast") - floats_of(frame, "actual")
    return np.where(np.isfinite(errors), errors, np.nan)
