"""The budget of a study: the limits after which no new trial starts, and the time of a command."""

import time
from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heapreplace
from math import ceil, inf

from search.config.schema import StudyOptions
from search.study.history import FinishedTrial, Totals

TIME_IS_UP = "the time limit of the study was reached"

# Time kept for the work after the finalists: seconds, a share of the limit, and at most this share.
_AFTER_SECONDS, _AFTER_SHARE, _AFTER_MOST = 2.0, 0.02, 0.1
# Shares of the limit kept for the finalists: before a trial is complete; at most; and at most if
# less would not be enough for one seed of the best trial.
_FINALS_UNKNOWN, _FINALS_MOST, _FIRST_SEED_MOST = 0.25, 0.4, 0.6
# A finalist takes up to this much longer than its trial.
_MARGIN = 1.15
# How long the files of a trial take (figures, model), before one was measured; at most.
_FILES_SECONDS, _FILES_SHARE = 3.0, 0.05
# How far the limit may be exceeded by trainings that should have ended: seconds, a share, and at
# most.
_GRACE_SECONDS, _GRACE_SHARE, _GRACE_MOST = 5.0, 0.05, 15.0


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

    def reached(self, tally: Totals, *, running: int = 0, late: bool = False) -> str | None:
        """Returns a sentence that names the limit reached, or None if none is reached.

        Args:
            tally: totals of the finished trials.
            running: number of epochs that the running trials have trained.
            late: whether the time left is too short for another trial.
        """
        after = f"after {tally.trials} of {self.trials} trials"
        if tally.trials >= self.trials:
            return f"Budget used up: {self.trials} trial{'s' if self.trials > 1 else ''}."
        if tally.best is not None and tally.best[0] <= self.target:
            return f"Target score of {self.target:g} reached {after}."
        if running + tally.epochs >= self.epochs:
            return f"Epoch limit of {self.epochs:.0f} reached {after}."
        if late:
            return f"Time limit reached {after}."
        return None


@dataclass
class EpochPace:
    """When a running training ended its last epoch, and how long that took, in seconds.

    Attributes:
        began: time at which the training was submitted.
        last: time of the end of the last epoch; None before the first.
        each: duration of the last epoch; 0 for the first one, which includes compiling.
    """

    began: float
    last: float | None = None
    each: float = 0.0


@dataclass
class TimeLimit:
    """The time of one command, from its start: for the trials, the finalists, and what follows.

    Without `study.timeout`, there is always time left.

    Attributes:
        options: options of the study.
        slots: number of trainings that run at the same time.
        clock: returns the time in seconds.
    """

    options: StudyOptions
    slots: int = 1
    clock: Callable[[], float] = time.monotonic
    _durations: list[float] = field(default_factory=list)  # of complete trials, shortest first
    _best: list[tuple[float, float]] = field(default_factory=list)  # scores and durations

    def __post_init__(self) -> None:
        self._began = self.clock()
        self._files = min(_FILES_SECONDS, _FILES_SHARE * self._limit)
        self._measured = 0

    @property
    def limited(self) -> bool:
        """Whether there is a time limit."""
        return self.options.timeout is not None

    @property
    def left(self) -> float:
        """Seconds until all trainings have to end."""
        limit = self._limit
        after = min(_AFTER_SECONDS + _AFTER_SHARE * limit, _AFTER_MOST * limit)
        return limit - after - self._spent if self.limited else inf

    @property
    def search_left(self) -> float:
        """Seconds until the running trials have to end; finalists need a complete trial."""
        return self.left - self._finals if self._best else self.left

    @property
    def over(self) -> bool:
        """Whether trainings that have not ended in time have to be given up."""
        grace = min(_GRACE_SECONDS + _GRACE_SHARE * self._limit, _GRACE_MOST)
        return self._spent >= self._limit + grace

    def add(self, trial: FinishedTrial) -> None:
        """Adds a finished trial, from whose duration those of others are estimated."""
        seconds = trial.metrics.get("duration_s", 0.0)
        if trial.state == "complete" and seconds > 0 and trial.score is not None:
            insort(self._durations, seconds)
            insort(self._best, (trial.score, seconds))
            del self._best[max(self.options.finalists, 1) :]

    def fits(self) -> bool:
        """Returns whether another trial would end in time: as long as three in four complete ones.

        Before a trial is complete, nothing is known, and a trial starts if there is any time left.
        """
        typical = self._durations[3 * len(self._durations) // 4] if self._durations else 0.0
        return self.left - self._finals - self._files > typical

    def started(self) -> EpochPace:
        """Returns the pace of a training that starts now."""
        return EpochPace(self.clock())

    def ended(self, pace: EpochPace, duration: float) -> None:
        """Learns from a trial, which trained for `duration` s, how long its files took."""
        if duration > 0:
            files = max(self.clock() - pace.began - duration, 0.0)
            self._measured += 1
            self._files += (files - self._files) / self._measured

    def epoch_ended(self, pace: EpochPace) -> None:
        """Updates the pace of a training after an epoch."""
        now = self.clock()
        pace.each = 0.0 if pace.last is None else now - pace.last
        pace.last = now

    def is_last_epoch(self, pace: EpochPace) -> bool:
        """Returns whether a trial has to end with the epoch that it is training now."""
        if pace.last is None:
            return False
        next_ends = pace.last + 2 * pace.each - self.clock()
        return self.search_left - self._files <= max(next_ends, 0.0)

    def fitting_seeds(self, seconds: Sequence[float]) -> list[int]:
        """Returns the number of seeds of each finalist for which there is time, in order of rank.

        A finalist follows only if all seeds of the one before fit, so that no trial is retrained
        instead of a better one.

        Args:
            seconds: expected duration of one seed of each finalist, best trial first.
        """
        ends = [0.0] * self.slots
        fitting = [0] * len(seconds)
        left = self.left
        for place, each in enumerate(seconds):
            left -= self._files
            while fitting[place] < self.options.finalist_executions:
                end = ends[0] + _MARGIN * each
                if end > left:
                    return fitting
                heapreplace(ends, end)
                fitting[place] += 1
        return fitting

    @property
    def _limit(self) -> float:
        return inf if self.options.timeout is None else self.options.timeout

    @property
    def _spent(self) -> float:
        return self.clock() - self._began

    @property
    def _finals(self) -> float:
        """Seconds to keep for the finalists."""
        options = self.options
        if not options.finalists or not self.limited:
            return 0.0
        if not self._best:
            return _FINALS_UNKNOWN * self._limit
        seeds = [_MARGIN * seconds / options.executions for _, seconds in self._best]
        rounds = ceil(len(seeds) * options.finalist_executions / self.slots)
        needed = rounds * sum(seeds) / len(seeds) + self._files * len(seeds)
        first = seeds[0] + self._files
        if first > _FIRST_SEED_MOST * self._limit:
            return 0.0  # there will be no time for any finalist
        return min(needed, max(_FINALS_MOST * self._limit, first))
