"""Chooses the rule of an ensemble by its score on targets that it was not fitted to.

M candidates, N forecast origins of a fold, H horizon.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.combination import Combination
from search.ensembles.rules import RULES, Rule

Array = NDArray[np.float64]
_BLOCKS = 6  # blocks of all folds together
_TOLERANCE = 4.0  # standard errors by which a more cautious rule may be worse


@dataclass(frozen=True, eq=False)
class Selection:
    """The chosen ensemble.

    Attributes:
        rule: name of its rule.
        combination: the rule fitted to all targets, for new forecasts.
        forecasts: forecasts [N, H] of each fold; each block is forecast by the rule fitted to the
            other blocks. They are the ensemble's scores and residuals.
        errors: the MAE of every rule, by name, from such forecasts.
    """

    rule: str
    combination: Combination
    forecasts: tuple[Array, ...]
    errors: dict[str, float]


def select(forecasts: Sequence[Array], actual: Sequence[Array]) -> Selection:
    """Chooses a rule and fits it.

    Every rule is fitted to all blocks of targets but one, and scored on that one. The most cautious
    rule is chosen, unless another is better by so many standard errors that this is not luck: on
    few targets, the bold rules, and the choice itself, follow luck.

    Args:
        forecasts: forecasts of the candidates [M, N, H], fold by fold.
        actual: readings [N, H], fold by fold; NaN where one is missing.

    Raises:
        ValueError: there are too few targets to score what was fitted to others.
    """
    blocks = list(_blocks([readings.shape for readings in actual]))
    found = {name: held_out(rule, forecasts, actual, blocks) for name, rule in RULES.items()}
    losses = {name: _losses(made, actual) for name, made in found.items()}
    errors = {
        name: float(np.mean([np.nanmean(np.abs(f - a)) for f, a in zip(made, actual, strict=True)]))
        for name, made in found.items()
    }
    best = min(errors, key=lambda name: errors[name])
    rule = next(name for name in RULES if _is_close(losses[name] - losses[best]))
    return Selection(rule, _fitted(RULES[rule], forecasts, actual), tuple(found[rule]), errors)


def _is_close(differences: Array) -> bool:
    """Returns whether the mean of paired differences can be luck, given its standard error."""
    error = np.std(differences) / np.sqrt(len(differences))
    return bool(np.mean(differences) <= _TOLERANCE * error)


def _blocks(shapes: Sequence[tuple[int, ...]]) -> Iterator[tuple[int, slice]]:
    """Yields the blocks: the number of the fold, and a slice of its origins.

    Raises:
        ValueError: a fold has fewer than two origins.
    """
    per_fold = max(2, -(-_BLOCKS // len(shapes)))
    for fold, (origins, *_) in enumerate(shapes):
        edges = np.linspace(0, origins, min(per_fold, origins) + 1).astype(int)
        for start, stop in pairwise(edges):
            yield fold, slice(start, stop)


def held_out(
    rule: Rule,
    forecasts: Sequence[Array],
    actual: Sequence[Array],
    blocks: Sequence[tuple[int, slice]],
) -> list[Array]:
    """Returns the forecasts [N, H] of each fold, each block by the rule fitted to the others."""
    made = [np.empty_like(readings) for readings in actual]
    for fold, block in blocks:
        kept = [readings.copy() for readings in actual]
        # Origins closer than the horizon have targets in common with the block.
        near = actual[fold].shape[1] - 1
        kept[fold][max(0, block.start - near) : block.stop + near] = np.nan
        combination = _fitted(rule, forecasts, kept)
        made[fold][block] = combination.combine(forecasts[fold][:, block])
    return made


def _fitted(rule: Rule, forecasts: Sequence[Array], actual: Sequence[Array]) -> Combination:
    """Fits a rule to the readings that are not NaN."""
    known = [np.isfinite(readings) for readings in actual]
    targets = np.concatenate([a[k] for a, k in zip(actual, known, strict=True)])
    if not targets.size:
        raise ValueError("there are too few validation targets to choose an ensemble")
    rows = np.concatenate([f[:, k] for f, k in zip(forecasts, known, strict=True)], axis=1)
    return rule(rows, targets)


def _losses(made: Sequence[Array], actual: Sequence[Array]) -> Array:
    """Returns the absolute error of each origin that has a reading."""
    errors = np.concatenate([np.abs(f - a) for f, a in zip(made, actual, strict=True)])
    return np.asarray(np.nanmean(errors[np.isfinite(errors).any(axis=1)], axis=1))
