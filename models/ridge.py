"""Ridge regression whose penalty is chosen by cross-validation over blocks of time.

N rows in the order of time, P features, H targets.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_BLOCKS = 5
# Penalties per row, for standardised features.
_PENALTIES = np.logspace(-6, 1, 15)


@final
@dataclass(frozen=True, eq=False)
class LinearMap:
    """An affine map of features to targets.

    Attributes:
        coefficients: [P, H].
        intercept: [H].
        penalty: chosen penalty per row, for standardised features.
    """

    coefficients: Array
    intercept: Array
    penalty: float

    def apply(self, features: Array) -> Array:
        """Returns the targets [N, H] of features [N, P]."""
        return np.asarray(features @ self.coefficients + self.intercept)


def fit_ridge(features: Array, targets: Array) -> LinearMap:
    """Fits a ridge regression.

    The penalty with the smallest squared error in cross-validation over contiguous blocks is used.
    The errors are computed from the Gram matrices of the blocks, so each row is read once.

    Args:
        features: [N, P]; overwritten with their standardised values.
        targets: [N, H].

    Source: Hastie, Tibshirani and Friedman, "The elements of statistical learning", 2009, 3.4.1.
    """
    center, scale = features.mean(axis=0), features.std(axis=0)
    scale[scale < 1e-12 * (1 + np.abs(center))] = 1.0  # a constant column has no effect
    features -= center
    features /= scale
    middle = targets.mean(axis=0)
    edges = np.linspace(0, len(features), min(_BLOCKS, len(features)) + 1).astype(int)
    blocks = [slice(*pair) for pair in pairwise(edges)]
    grams, crosses, squares = [], [], []
    for block in blocks:
        x, y = features[block], targets[block] - middle
        grams.append(x.T @ x)
        crosses.append(x.T @ y)
        squares.append(float((y**2).sum()))
    gram, cross = np.sum(grams, axis=0), np.sum(crosses, axis=0)
    penalties = _PENALTIES * len(features)
    errors = np.zeros(len(penalties))
    for own_gram, own_cross, square in zip(grams, crosses, squares, strict=True):
        values, vectors = np.linalg.eigh(gram - own_gram)
        turned = vectors.T @ (cross - own_cross)
        for i, penalty in enumerate(penalties):
            fit = vectors @ (turned / (np.maximum(values, 0) + penalty)[:, None])
            errors[i] += square - 2 * (fit * own_cross).sum() + (fit * (own_gram @ fit)).sum()
    best = int(errors.argmin())
    ridge = gram + penalties[best] * np.eye(len(gram))
    coefficients = np.linalg.solve(ridge, cross) / scale[:, None]
    return LinearMap(coefficients, middle - center @ coefficients, float(_PENALTIES[best]))
