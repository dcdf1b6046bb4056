"""Stops hopeless trials early: Optuna's pruners on a shadow study, so that every backend has them.

A pruner sees epochs and scores, nothing else. It is told of every epoch of a trial, in order; its
answer depends on the trials before it. An epoch is counted over all folds and executions, each as
long as the longest of the study, so that trials are compared at equal progress.
"""

import warnings

from optuna.exceptions import ExperimentalWarning
from optuna.pruners import (
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    PatientPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    ThresholdPruner,
)

from search.config.validation import (
    AtLeast,
    Between,
    check_value,
)
from search.pruners.base import Pruner


def none() -> Pruner:
    """Builds the pruner that stops nothing."""
    return Pruner(NopPruner())


def median(*, n_startup_trials: int = 5, warmup: int = 10, interval: int = 1) -> Pruner:
    """Builds Optuna's median pruner: the percentile pruner at 50.

    Raises:
        BadInput: an option is out of its range.
    """
    return Pruner(MedianPruner(**_looks(n_startup_trials, warmup, interval)))


def percentile(
    *, percentile: float = 25.0, n_startup_trials: int = 5, warmup: int = 10, interval: int = 1
) -> Pruner:
    """Builds Optuna's percentile pruner: it keeps what is among the best at the same epoch.

    Args:
        percentile: share that is kept, in percent.
        n_startup_trials: complete trials before anything is pruned.
        warmup: epochs that every trial gets.
        interval: epochs from one look at a trial to the next; fewer looks forgive a noisy curve.

    Raises:
        BadInput: an option is out of its range.
    """
    check_value("pruner.percentile", percentile, Between(0, 100))
    return Pruner(PercentilePruner(percentile, **_looks(n_startup_trials, warmup, interval)))


def successive_halving(
    *, reduction_factor: int = 4, warmup: int = 10, min_early_stopping_rate: int = 0
) -> Pruner:
    """Builds Optuna's asynchronous successive halving.

    Args:
        reduction_factor: of the trials at a rung, one in so many goes on to the next.
        warmup: epochs to the first rung; the next one is `reduction_factor` times as far.
        min_early_stopping_rate: rungs that are left out at the beginning.

    Raises:
        BadInput: an option is out of its range.

    Source: Li et al., "A system for massively parallel hyperparameter tuning", 2020.
    """
    check_value("pruner.reduction_factor", reduction_factor, AtLeast(2))
    check_value("pruner.warmup", warmup, AtLeast(1))
    check_value("pruner.min_early_stopping_rate", min_early_stopping_rate, AtLeast(0))
    return Pruner(
        SuccessiveHalvingPruner(
            min_resource=warmup,
            reduction_factor=reduction_factor,
            min_early_stopping_rate=min_early_stopping_rate,
        )
    )


def hyperband(*, reduction_factor: int = 3, warmup: int = 5) -> Pruner:
    """Builds Optuna's Hyperband: successive halving in brackets that begin early or late.

    Args:
        reduction_factor: as of successive halving.
        warmup: epochs to the first rung of the first bracket.

    Raises:
        BadInput: an option is out of its range.

    Source: Li et al., "Hyperband: a novel bandit-based approach", 2018.
    """
    check_value("pruner.reduction_factor", reduction_factor, AtLeast(2))
    check_value("pruner.warmup", warmup, AtLeast(1))
    return Pruner(HyperbandPruner(min_resource=warmup, reduction_factor=reduction_factor))


def patient(
    *,
    patience: int = 10,
    min_delta: float = 0.0,
    percentile: float | None = 50.0,
    n_startup_trials: int = 5,
    warmup: int = 10,
) -> Pruner:
    """Builds Optuna's patient pruner: it stops only what has got worse than it was.

    Args:
        patience: epochs that a trial may be worse than its own best.
        min_delta: by how much, in the series' units.
        percentile: of the percentile pruner that has to agree; None needs no agreement.
        n_startup_trials: of that pruner.
        warmup: of that pruner.

    Raises:
        BadInput: an option is out of its range.
    """
    check_value("pruner.patience", patience, AtLeast(0))
    check_value("pruner.min_delta", min_delta, AtLeast(0))
    check_value("pruner.percentile", percentile, Between(0, 100))
    looks = _looks(n_startup_trials, warmup)
    agreeing = None if percentile is None else PercentilePruner(percentile, **looks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return Pruner(PatientPruner(agreeing, patience=patience, min_delta=min_delta))


def threshold(*, upper: float, warmup: int = 10) -> Pruner:
    """Builds Optuna's threshold pruner: it stops what is worse than a bound.

    Args:
        upper: score above which a trial is stopped, in the series' units.
        warmup: epochs that every trial gets.

    Raises:
        BadInput: an option is out of its range.
    """
    check_value("pruner.upper", upper, AtLeast(0))
    check_value("pruner.warmup", warmup, AtLeast(0))
    return Pruner(ThresholdPruner(upper=upper, n_warmup_steps=warmup))


def _looks(n_startup_trials: int, warmup: int, interval: int = 1) -> dict[str, int]:
    """Returns when a pruner looks at a trial, in Optuna's words."""
    check_value("pruner.n_startup_trials", n_startup_trials, AtLeast(0))
    check_value("pruner.warmup", warmup, AtLeast(0))
    check_value("pruner.interval", interval, AtLeast(1))
    return {
        "n_startup_trials": n_startup_trials,
        "n_warmup_steps": warmup,
        "interval_steps": interval,
    }
