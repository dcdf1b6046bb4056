"""The budget of a study: after which nothing new starts."""

from dataclasses import dataclass
from math import inf

from search.config.schema import StudyOptions
from search.study.history import Totals


@dataclass(frozen=True)
class StudyLimits:
    """Whichever is reached first ends the study.

    Attributes:
        trials: that have ended.
        seconds: since the study was started, or gone on with.
        epochs: of all trials.
        target: score that a complete trial reached, in the series' units.
    """

    trials: int
    seconds: float = inf
    epochs: float = inf
    target: float = -inf

    @classmethod
    def of(cls, options: StudyOptions) -> "StudyLimits":
        """Returns the limits that the options of a study set."""
        return cls(
            options.trials,
            inf if options.timeout is None else options.timeout,
            inf if options.epochs is None else options.epochs,
            -inf if options.target is None else options.target,
        )

    def reached(self, tally: Totals, *, running: int = 0, seconds: float = 0.0) -> str | None:
        """Returns which limit is reached, in one sentence; None while there is room.

        Args:
            tally: of the trials that have ended.
            running: epochs of the trials that have not.
            seconds: since the start.
        """
        after = f"after {tally.trials} of {self.trials} trials"
        if tally.trials >= self.trials:
            return f"Budget met: {self.trials} trial{'s' if self.trials > 1 else ''}."
        if tally.best is not None and tally.best[0] <= self.target:
            return f"The target of {self.target:g} is reached {after}."
        if running + tally.epochs >= self.epochs:
            return f"The {self.epochs:.0f} epochs are spent {after}."
        if seconds >= self.seconds:
            return f"Time is up {after}."
        return None
