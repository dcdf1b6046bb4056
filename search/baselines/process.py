"""Fits textbook baselines in a process of their own, each within its time limit.

The process imports what the methods need and nothing of TensorFlow. It dies with this one.
"""

import multiprocessing
import os
import threading
import time
import warnings
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from models.baselines import Forecast, Problem
from search.config.signatures import builder_of
from search.engine.processes import uninterrupted


@dataclass(frozen=True)
class Job:
    """A baseline to fit.

    Attributes:
        name: name of the baseline.
        options: its builder and the options of that.
        time_limit: seconds it may take.
    """

    name: str
    options: Mapping[str, Any]
    time_limit: float


@dataclass(frozen=True)
class Ended:
    """A baseline that was fitted, or why it was not.

    Attributes:
        forecasts: of each fold; None for a fold that the method does not apply to.
        reason: why there are none; empty if there are.
    """

    job: Job
    forecasts: Sequence[Forecast | None] = ()
    reason: str = ""


class BaselineProcess:
    """Fits baselines one after the other, beside whatever else this program does."""

    def __init__(self, jobs: Sequence[Job], problems: Sequence[Problem]) -> None:
        self._waiting = deque(jobs)
        self._problems = problems
        self._running: Job | None = None
        self._deadline = float("inf")
        self._process: Any = None
        self._connection: Connection | None = None
        self._next()

    @property
    def busy(self) -> bool:
        """Whether a baseline is still to come."""
        return self._running is not None

    @property
    def missing(self) -> list[str]:
        """Names of the baselines that are still to come."""
        running = [self._running] if self._running is not None else []
        return [job.name for job in (*running, *self._waiting)]

    def poll(self, seconds: float = 0.0) -> Ended | None:
        """Returns a baseline that has ended; waits at most so many seconds for one."""
        until = time.monotonic() + seconds
        while self._running is not None:
            ended = self._received(max(0.0, min(until, self._deadline) - time.monotonic()))
            if ended or time.monotonic() >= until:
                return ended
        return None

    def close(self) -> None:
        """Ends the process."""
        self._waiting.clear()
        self._running = None
        self._stop()

    def _received(self, seconds: float) -> Ended | None:
        job, connection = self._running, self._connection
        if job is None or connection is None:
            return None
        if connection.poll(seconds):
            try:
                kind, value = connection.recv()
            except (EOFError, OSError):
                return self._ended(Ended(job, reason="its process died"), restart=True)
            if kind == "started":
                self._deadline = time.monotonic() + job.time_limit
                return None
            made = Ended(job, value) if kind == "forecasts" else Ended(job, reason=value)
            return self._ended(made)
        if time.monotonic() >= self._deadline:
            reason = f"it took more than {job.time_limit:g} s"
            return self._ended(Ended(job, reason=reason), restart=True)
        return None

    def _ended(self, ended: Ended, *, restart: bool = False) -> Ended:
        if restart:
            self._stop()
        self._next()
        return ended

    def _next(self) -> None:
        self._running = self._waiting.popleft() if self._waiting else None
        self._deadline = float("inf")
        if self._running is None:
            self._stop()
            return
        if self._connection is None:
            self._start()
        self._connection.send((dict(self._running.options), self._problems))  # type: ignore[union-attr]

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        with uninterrupted():  # Ctrl-C is for the study to decide on
            self._process.start()
        theirs.close()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None


def _serve(connection: Connection) -> None:
    """Fits the baselines that come through the connection, until it closes."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    warnings.simplefilter("ignore")  # of methods that do not converge
    while True:
        try:
            options, problems = connection.recv()
        except EOFError:
            return
        connection.send(_fitted(connection, options, problems))


def _fitted(
    connection: Connection, options: dict[str, Any], problems: Sequence[Problem]
) -> tuple[str, Any]:
    try:
        builder = builder_of("baselines", options)
        keywords = {key: value for key, value in options.items() if key != "_target_"}
        connection.send(("started", None))
        return "forecasts", [builder(problem, **keywords) for problem in problems]
    except Exception as error:  # noqa: BLE001  # a baseline that fails stops no study
        return "failed", f"{type(error).__name__}: {error}".splitlines()[0]


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
