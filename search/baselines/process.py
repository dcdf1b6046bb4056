"""Fits textbook baselines in a separate process, each within its time limit.

That process imports the libraries of the methods, but not TensorFlow. It exits with its parent.
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
        options: builder of the baseline and its options.
        time_limit: time limit in seconds.
    """

    name: str
    options: Mapping[str, Any]
    time_limit: float


@dataclass(frozen=True)
class Ended:
    """A baseline that was fitted or that failed.

    Attributes:
        job: job of the baseline.
        forecasts: forecasts of each fold; None for a fold that the method does not apply to.
        reason: why the baseline failed; empty if it was fitted.
    """

    job: Job
    forecasts: Sequence[Forecast | None] = ()
    reason: str = ""


class BaselineProcess:
    """Fits baselines one after the other while this process does other work."""

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
        """Whether some baselines have not finished."""
        return self._running is not None

    @property
    def missing(self) -> list[str]:
        """Names of the baselines that have not finished."""
        running = [self._running] if self._running is not None else []
        return [job.name for job in (*running, *self._waiting)]

    def poll(self, seconds: float = 0.0) -> Ended | None:
        """Returns the next finished baseline, or None if none finishes within `seconds`."""
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
            reason = f"it exceeded its time limit of {job.time_limit:g} s"
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
        with uninterrupted():  # the study handles Ctrl-C
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
    """Fits the baselines that arrive on the connection, until it is closed."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    warnings.simplefilter("ignore")  # from methods that do not converge
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
    except Exception as error:  # noqa: BLE001  # a failed baseline does not stop the study
        return "failed", f"{type(error).__name__}: {error}".splitlines()[0]


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
