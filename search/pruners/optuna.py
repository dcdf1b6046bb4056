"""Builds Optuna's pruners, which stop unpromising trials early.

A pruner receives the score of every epoch of a trial, in order, and nothing else. Its decision
depends on the earlier trials. Epochs are counted over all folds and executions, each as long as the
longest of the study, so that trials are compared at equal progress.
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

from search.config.validation import AtLeast, Between, check_value
from search.pruners.base import Pruner


def none() -> Pruner:
    """Builds the pruner that stops no trial."""
    return Pruner(NopPruner())


def median(*, n_startup_trials: int = 5, warmup: int = 10, interval: int = 1) -> Pruner:
    """Builds Optuna's median pruner, which is the percentile pruner at 50 %.

    Raises:
        BadInput: an option is out of its range.
    """
    return Pruner(MedianPruner(**_checks(n_startup_trials, warmup, interval)))


def percentile(
    *, percentile: float = 25.0, n_startup_trials: int = 5, warmup: int = 10, interval: int = 1
) -> Pruner:
    """Builds Optuna's percentile pruner, which keeps the trials that are best at the same epoch.

    Args:
        percentile: share of trials to keep, in percent.
        n_startup_trials: number of complete trials before any trial is pruned.
        warmup: number of epochs before a trial can be pruned.
        interval: number of epochs between checks; fewer checks tolerate a noisier curve.

    Raises:
        BadInput: an option is out of its range.
    """
    check_value("pruner.percentile", percentile, Between(0, 100))
    return Pruner(PercentilePruner(percentile, **_checks(n_startup_trials, warmup, interval)))


def successive_halving(
    *, reduction_factor: int = 4, warmup: int = 10, min_early_stopping_rate: int = 0
) -> Pruner:
    """Builds Optuna's pruner for asynchronous successive halving.

    Args:
        reduction_factor: one in this many trials continues from a rung to the next.
        warmup: epochs to the first rung; each later rung is `reduction_factor` times as far.
        min_early_stopping_rate: number of rungs to skip at the beginning.

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
    """Builds Optuna's Hyperband pruner: successive halving in brackets with different first rungs.

    Args:
        reduction_factor: see `successive_halving`.
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
    """Builds Optuna's patient pruner, which stops only trials that have become worse.

    Args:
        patience: number of epochs for which a trial may be worse than its own best.
        min_delta: smallest difference that counts as worse, in the series' units.
        percentile: percentile of the percentile pruner that has to agree; None for no such pruner.
        n_startup_trials: see `percentile`; applies to that pruner.
        warmup: see `percentile`; applies to that pruner.

    Raises:
        BadInput: an option is out of its range.
    """
    check_value("pruner.patience", patience, AtLeast(0))
    check_value("pruner.min_delta", min_delta, AtLeast(0))
    check_value("pruner.percentile", percentile, Between(0, 100))
    checks = _checks(n_startup_trials, warmup)
    agreeing = None if percentile is None else PercentilePruner(percentile, **checks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return Pruner(PatientPruner(agreeing, patience=patience, min_delta=min_delta))


def threshold(*, upper: float, warmup: int = 10) -> Pruner:
    """Builds Optuna's threshold pruner, which stops trials that are worse than a bound.

    Args:
        upper: score above which a trial is stopped, in the series' units.
        warmup: number of epochs before a trial can be pruned.

    Raises:
        BadInput: an option is out of its range.
    """
    check_value("pruner.upper", upper, AtLeast(0))
    check_value("pruner.warmup", warmup, AtLeast(0))
    return Pruner(ThresholdPruner(upper=upper, n_warmup_steps=warmup))


def _checks(n_startup_trials: int, warmup: int, interval: int = 1) -> dict[str, int]:
    """Returns the options for when a pruner checks a trial, under Optuna's names."""
    check_value("pruner.n_startup_trials", n_startup_trials, AtLeast(0))
    check_value("pruner.warmup", warmup, AtLeast(0))
    check_value("pruner.interval", interval, AtLeast(1))
    return {
        "n_startup_trials": n_startup_trials,
        "n_warmup_steps": warmup,
        "interval_steps": interval,
    }
