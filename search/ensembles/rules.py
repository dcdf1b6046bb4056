"""The rules that combine candidates into an ensemble, from the most cautious to the boldest.

M candidates, P scored targets. A rule is a function from the candidates' forecasts [M, P] of the
targets [P] to a Combination. It is fitted on these targets, so it must be scored on others.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from models.combination import Combination

Array = NDArray[np.float64]
_ROUNDS = 30  # of the greedy selection
_POWER = 16  # of the inverse errors
_LEAST_WEIGHT = 0.01  # relative to the largest weight; a member with less is not worth its training
_SHRINKAGE = 0.5  # share of equal weights in the shrunk selection


Rule = Callable[[Array, Array], Combination]


def top(forecasts: Array, actual: Array, *, count: int, median: bool = False) -> Combination:
    """Combines the `count` best candidates with equal weights."""
    errors = np.abs(forecasts - actual).mean(axis=1)
    best = np.argsort(errors, kind="stable")[:count]
    weights = np.zeros(len(forecasts))
    weights[best] = 1 / len(best)
    return Combination(weights, median)


def inverse_errors(forecasts: Array, actual: Array) -> Combination:
    """Weights each candidate by a power of the inverse of its error.

    Equally good candidates get equal weights, and one that is 10 % worse than the best a fifth of
    its weight. Unlike a selection, the weights hardly change with a few targets.

    Source: Stock and Watson, "Combination forecasts of output growth", 2004, with another power.
    """
    errors = np.maximum(np.abs(forecasts - actual).mean(axis=1), np.finfo(float).tiny)
    weights = (errors.min() / errors) ** _POWER
    weights[weights < _LEAST_WEIGHT] = 0.0
    return Combination(weights / weights.sum())


def greedy(forecasts: Array, actual: Array, *, shrinkage: float = 0.0) -> Combination:
    """Adds, with replacement, the candidate that lowers the error of the mean the most.

    The weights are the shares of the selection with the lowest error. With `shrinkage`, that share
    of the weight is spread equally over the members.

    Source: Caruana et al., "Ensemble selection from libraries of models", 2004.
    """
    total = np.zeros_like(actual)
    counts = np.zeros(len(forecasts))
    best_error, best_counts = np.inf, counts
    for size in range(1, _ROUNDS + 1):
        errors = np.abs((total + forecasts) / size - actual).mean(axis=1)
        added = int(errors.argmin())
        total = total + forecasts[added]
        counts = counts.copy()
        counts[added] += 1
        if errors[added] < best_error:
            best_error, best_counts = float(errors[added]), counts
    weights = best_counts / best_counts.sum()
    equal = (weights > 0) / (weights > 0).sum()
    return Combination((1 - shrinkage) * weights + shrinkage * equal)


RULES: Mapping[str, Rule] = {
    "weights by inverse errors": inverse_errors,
    "mean of the best 5": partial(top, count=5),
    "median of the best 5": partial(top, count=5, median=True),
    "mean of the best 3": partial(top, count=3),
    "greedy selection, shrunk": partial(greedy, shrinkage=_SHRINKAGE),
    "greedy selection": greedy,
    "best candidate": partial(top, count=1),
}
