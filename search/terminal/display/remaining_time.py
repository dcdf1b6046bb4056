"""How long a study still takes, from how far it has come."""

import time
from collections.abc import Callable

# A quarter of all work, or one whole trial's worth, is needed before its pace says anything.
_ENOUGH = 0.25


class RemainingTime:
    """Tells the time left; it is judged anew when something has ended, and counts down between."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.restart()

    def restart(self) -> None:
        """Forgets the pace: other work begins."""
        self._began = self._clock()
        self._until: float | None = None

    @property
    def spent(self) -> float:
        """Seconds since the work began."""
        return self._clock() - self._began

    def judge(self, done: float, left: float, most: float, after: float = 0.0) -> None:
        """Judges the time left.

        Args:
            done: trials since the work began; of a running one, the share that is done.
            left: likewise.
            most: seconds that these may still take.
            after: what follows in any case, in trials.
        """
        if done < min(1.0, _ENOUGH * (done + left)):
            return
        trial = self.spent / done
        self._until = self._clock() + min(trial * left, max(most, 0.0)) + trial * after

    @property
    def left(self) -> str:
        """The time left in words; empty until there is something to judge it by."""
        if self._until is None:
            return ""
        seconds = self._until - self._clock()
        if seconds < 5:
            return "a few seconds"
        if seconds < 90:
            return f"about {5 * round(seconds / 5)} s"
        minutes = round(seconds / 60)
        return f"about {minutes} min" if minutes < 90 else f"about {seconds / 3600:.1f} h"
