"""The budget of a study: the limits after which no new trial starts."""

from dataclasses import dataclass
from math import inf

from search.config.schema import StudyOptions
from search.study.history import Totals


@dataclass(frozen=True)
class StudyLimits:
    """The limits of a study, which ends when the first of them is reached.

    Attributes:
        trials: number of finished trials.
        seconds: time in seconds since the study was started or resumed.
        epochs: total number of epochs of all trials.
        target: score that a complete trial has to reach, in the series' units.
    """

    trials: int
    seconds: float = inf
    epochs: float = inf
    target: float = -inf

    @classmethod
    def of(cls, options: StudyOptions) -> "StudyLimits":
        """Returns the limits set in the options of a study."""
        return cls(
            options.trials,
            inf if options.timeout is None else options.timeout,
            inf if options.epochs is None else options.epochs,
            -inf if options.target is None else options.target,
        )

    def reached(self, tally: Totals, *, running: int = 0, seconds: float = 0.0) -> str | None:
        """Returns a sentence that names the limit reached, or None if none is reached.

        Args:
            tally: totals of the finished trials.
            running: number of epochs that the running trials have trained.
            seconds: time in seconds since the start.
        """
        after = f"after {tally.trials} of {self.trials} trials"
        if tally.trials >= self.trials:
            return f"Budget used up: {self.trials} trial{'s' if self.trials > 1 else ''}."
        if tally.best is not None and tally.best[0] <= self.target:
            return f"Target score of {self.target:g} reached {after}."
        if running + tally.epochs >= self.epochs:
            return f"Epoch limit of {self.epochs:.0f} reached {after}."
        if seconds >= self.seconds:
            return f"Time limit reached {after}."
        return None
