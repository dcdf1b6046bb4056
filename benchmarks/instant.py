"""Runs a study whose trials take no time: only ask, dispatch, tell and log remain."""

import contextlib
import io
import time
from collections import deque
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from search import cli
from search.engine.base import Engine, Handler
from search.trial.result import Epoch, Execution, Result
from search.trial.trial import Plan

STUDY = (
    *("dataset=synthetic", "model=conv_recurrent", "space=[]", "engine=inline"),
    *("space.training.learning_rate={low: 0.001, high: 0.01}", "pruner=none"),
    *("tracking.figures=none", "study.finalists=0", "study.name=bench"),
)


class Instant(Engine):
    """An engine whose trials take no time.

    Attributes:
        submitted: time at which each plan was submitted, by the monotonic clock.
    """

    def __init__(self) -> None:
        self._plans: deque[Plan] = deque()
        self.submitted: list[float] = []

    @property
    def slots(self) -> int:
        """Two, as with two workers."""
        return 2

    def submit(self, plan: Plan) -> None:
        """Queues the plan."""
        self.submitted.append(time.monotonic())
        self._plans.append(plan)

    def wait(self, handle: Handler, timeout: float) -> None:  # noqa: ARG002
        """Completes the oldest trial with three epochs and a score that depends on its seed."""
        plan = self._plans.popleft()
        score = 1 + plan.seed % 1000 / 1000
        curve = tuple(Epoch(epoch, score, score, score, score, score) for epoch in range(3))
        actual = np.zeros_like(plan.baselines[0][1])  # the targets are the same for all
        execution = Execution(0, 0, curve, actual, actual + score, {}, 1.0)
        handle(Result(plan.number, "complete", executions=(execution,)))

    def stop(self, number: int, step: int | None) -> None:
        """Does nothing: no trial is running."""

    def __exit__(self, *error: object) -> None:
        """Does nothing: there are no workers to stop."""


@dataclass(frozen=True)
class Coordination:
    """Times of a study of trivial trials, in seconds.

    Attributes:
        begin: from the command to its first new trial: opens the store and restores the study.
        trials: [N - 1], time of each trial except the last: tell, log, ask, submit.
        end: from the last trial to the end of the command: the leaderboard and the study's page.
    """

    begin: float
    trials: NDArray[np.float64]
    end: float


def coordination(trials: int, *words: str) -> Coordination:
    """Runs or resumes a study of `trials` trials in the working directory; returns its times."""
    engine, begun = Instant(), time.monotonic()
    with (
        patch("search.commands.sweep.open_engine", return_value=engine),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        cli.run(["sweep", "--quiet", *STUDY, *words, f"study.trials={trials}"])
    ended, at = time.monotonic(), engine.submitted
    return Coordination(at[0] - begun, np.diff(at), ended - at[-1])
