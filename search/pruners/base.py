"""Runs Optuna's pruners on a separate in-memory study, so that every backend can use them."""

from collections.abc import Mapping

import optuna
from optuna.pruners import BasePruner, HyperbandPruner, NopPruner, SuccessiveHalvingPruner
from optuna.trial import TrialState, create_trial

_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


# These store the score of a trial at each rung.
_BY_RUNG = (SuccessiveHalvingPruner, HyperbandPruner)


class Pruner:
    """One of Optuna's pruners, for the trials of one study."""

    def __init__(self, pruner: BasePruner) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.active = not isinstance(pruner, NopPruner)
        self._by_rung = isinstance(pruner, _BY_RUNG)
        # Hyperband derives a trial's bracket from the study's name and the trial's number.
        self._study = optuna.create_study(pruner=pruner, direction="minimize", study_name="shadow")
        self._open: dict[int, optuna.Trial] = {}
        self._reached: dict[int, int] = {}

    def start(self, number: int) -> None:
        """Opens trial `number`; a retried trial is still open and reports the same scores again."""
        if number not in self._open:
            self._open[number] = self._study.ask()
            self._reached[number] = -1

    def should_stop(self, number: int, epoch: int, score: float) -> bool:
        """Records the score of trial `number` after an epoch and returns whether to stop it."""
        if epoch <= self._reached[number]:  # a retry: it was not stopped here the first time
            return False
        self._reached[number] = epoch
        trial = self._open[number]
        trial.report(score, epoch)
        return trial.should_prune()

    def end(self, number: int, state: str, score: float | None) -> None:
        """Closes trial `number`: complete, pruned or failed."""
        value = score if state == "complete" else None
        self._study.tell(self._open.pop(number), value, state=_STATES[state])

    def restore(
        self, number: int, state: str, score: float | None, curve: Mapping[int, float]
    ) -> None:
        """Adds a finished trial from the store, with its learning curve (epoch to score)."""
        if self._by_rung:
            self.start(number)
            for epoch, value in curve.items():
                self.should_stop(number, epoch, value)
            self.end(number, state, score)
            return
        self._study.add_trial(
            create_trial(
                state=_STATES[state],
                value=score if state == "complete" else None,
                intermediate_values=dict(curve),
            )
        )
