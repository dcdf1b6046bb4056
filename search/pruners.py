"""Stops hopeless trials early: Optuna's pruners on a shadow study, so that every backend has them.

A pruner sees numbers of epochs and scores, nothing else. It is told of every epoch of a trial, in
order; its answer depends on the trials that had ended by then.
"""

from collections.abc import Mapping

import optuna
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.trial import TrialState, create_trial

from search.validation import AtLeast, check_value

_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class Pruner:
    """One of Optuna's pruners over the trials of one study."""

    def __init__(self, pruner: BasePruner) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.active = not isinstance(pruner, NopPruner)
        self._study = optuna.create_study(pruner=pruner, direction="minimize")
        self._open: dict[int, optuna.Trial] = {}

    def start(self, number: int) -> None:
        """Opens trial `number`."""
        self._open[number] = self._study.ask()

    def should_stop(self, number: int, step: int, score: float) -> bool:
        """Takes the score of trial `number` after epoch `step` and returns whether to stop it."""
        trial = self._open[number]
        trial.report(score, step)
        return trial.should_prune()

    def end(self, number: int, state: str, score: float | None) -> None:
        """Closes trial `number`: complete, pruned or failed."""
        value = score if state == "complete" else None
        self._study.tell(self._open.pop(number), value, state=_STATES[state])

    def restore(self, state: str, score: float | None, curve: Mapping[int, float]) -> None:
        """Adds a trial of the ledger with its curve (epoch to score)."""
        self._study.add_trial(
            create_trial(
                state=_STATES[state],
                value=score if state == "complete" else None,
                intermediate_values=dict(curve),
            )
        )


def none() -> Pruner:
    """Builds the pruner that stops nothing."""
    return Pruner(NopPruner())


def median(*, n_startup_trials: int = 5, warmup: int = 10) -> Pruner:
    """Builds the median pruner; every trial gets `warmup` epochs.

    Raises:
        BadInput: an option is below 0.
    """
    check_value("pruner.n_startup_trials", n_startup_trials, AtLeast(0))
    check_value("pruner.warmup", warmup, AtLeast(0))
    return Pruner(MedianPruner(n_startup_trials=n_startup_trials, n_warmup_steps=warmup))
