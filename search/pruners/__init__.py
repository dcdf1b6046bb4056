"""Pruners stop unpromising trials early. Each builder below is the `_target_` of a preset."""

from search.pruners.base import Pruner
from search.pruners.optuna import (
    hyperband,
    median,
    none,
    patient,
    percentile,
    successive_halving,
    threshold,
)

__all__ = [
    "Pruner",
    "hyperband",
    "median",
    "none",
    "patient",
    "percentile",
    "successive_halving",
    "threshold",
]
