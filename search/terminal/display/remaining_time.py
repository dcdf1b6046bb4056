"""Estimates the remaining time of a study."""

import time
from collections.abc import Callable
from math import inf

# An estimate needs a quarter of all trials, or one trial, whichever is less.
_ENOUGH = 0.25


class RemainingTime:
    """Estimate of the remaining time, which counts down between two updates."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.restart()

    def restart(self) -> None:
        """Discards the estimate and starts timing again, for a different kind of work."""
        self._began = self._clock()
        self._until: float | None = None

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._began

    def update(
        self, done: float, left: float, most: float, after: float = 0.0, limit: float = inf
    ) -> None:
        """Updates the estimate.

        Args:
            done: trials done since the start; a running trial counts as the share it has done.
            left: trials left; a running trial counts as the share it has left.
            most: the longest that the trials left can take, in seconds.
            after: work that follows after the trials, in trials.
            limit: time limit for everything, in seconds.
        """
        if done < min(1.0, _ENOUGH * (done + left)):
            return
        trial = self.spent / done
        seconds = min(trial * left, max(most, 0.0)) + trial * after
        self._until = self._clock() + min(seconds, max(limit, 0.0))

    @property
    def left(self) -> str:
        """Remaining time in words; empty until there is an estimate."""
        if self._until is None:
            return ""
        seconds = self._until - self._clock()
        if seconds < 5:
            return "a few seconds"
        if seconds < 90:
            return f"about {5 * round(seconds / 5)} s"
        minutes = round(seconds / 60)
        return f"about {minutes} min" if minutes < 90 else f"about {seconds / 3600:.1f} h"
