"""Scores the textbook baselines of a series, from the cache or from a separate process."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from datasets import Series
from models.baselines import Forecast
from search.baselines import cache
from search.baselines.process import BaselineProcess, Job
from search.baselines.scoring import Baseline, Targets, ranked, score_baselines
from search.config.schema import Task
from search.trial.data import VALIDATION


@dataclass(frozen=True)
class FailedBaseline:
    """A baseline that failed, with the reason."""

    name: str
    reason: str


class TextbookBaselines:
    """Scores the configured textbook baselines as they become available."""

    def __init__(
        self,
        series: Series,
        task: Task,
        options: Mapping[str, Mapping[str, Any]],
        block: str = VALIDATION,
    ) -> None:
        """Starts a process that fits the baselines that are not in the cache.

        Args:
            series: the series.
            task: task that defines the targets.
            options: options of each baseline by name, as in the group `baselines`.
            block: block that the targets belong to.
        """
        self._targets = Targets.of(series, task, block)
        self._keys: dict[str, str] = {}
        self._cached: deque[tuple[str, Sequence[Forecast | None]]] = deque()
        jobs = []
        for name, given in options.items():
            own = {key: value for key, value in given.items() if key != "time_limit"}
            key = self._keys[name] = cache.key_of(series.digest, task, block, own)
            kept = cache.load(key)
            if kept is None:
                jobs.append(Job(name, own, float(given["time_limit"])))
            else:
                self._cached.append((name, kept))
        self._process = BaselineProcess(jobs, self._targets.problems) if jobs else None

    @property
    def busy(self) -> bool:
        """Whether some baselines have not been returned yet."""
        return bool(self._cached) or (self._process is not None and self._process.busy)

    @property
    def missing(self) -> list[str]:
        """Names of the baselines that have not been returned yet."""
        fitting = self._process.missing if self._process else []
        return [*(name for name, _ in self._cached), *fitting]

    def take(self, seconds: float = 0.0) -> Baseline | FailedBaseline | None:
        """Returns the next baseline; waits up to `seconds` for it.

        Returns:
            None if there is none yet, or if the method does not apply to the series.
        """
        if self._cached:
            return self._scored(*self._cached.popleft())
        ended = self._process.poll(seconds) if self._process else None
        if ended is None:
            return None
        if ended.reason:
            return FailedBaseline(ended.job.name, ended.reason)
        cache.store(self._keys[ended.job.name], ended.forecasts)
        return self._scored(ended.job.name, ended.forecasts)

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.close()

    def _scored(
        self, name: str, forecasts: Sequence[Forecast | None]
    ) -> Baseline | FailedBaseline | None:
        made = [forecast for forecast in forecasts if forecast is not None]
        if len(made) < len(self._targets.problems):
            return None
        for forecast, actual in zip(made, self._targets.actual, strict=True):
            shape = np.shape(forecast.predictions)
            if shape != actual.shape:
                return FailedBaseline(name, f"expected an array {actual.shape}, got {shape}")
            if not np.isfinite(forecast.predictions).all():
                return FailedBaseline(name, "its forecasts are not finite")
        return self._targets.score(made)


def all_baselines(
    series: Series, task: Task, options: Mapping[str, Mapping[str, Any]], block: str = VALIDATION
) -> list[Baseline]:
    """Returns the quick and the textbook baselines, best first; waits for all of them.

    A textbook baseline that fails is left out.

    Raises:
        ValueError: the quick baselines cannot be fitted to the series.
    """
    found = score_baselines(series, task, block)
    textbook = TextbookBaselines(series, task, options, block)
    try:
        found += [one for one in _taken(textbook) if isinstance(one, Baseline)]
    finally:
        textbook.close()
    return ranked(found, block)


def _taken(textbook: TextbookBaselines) -> Iterator[Baseline | FailedBaseline | None]:
    while textbook.busy:
        yield textbook.take(1.0)
