"""What runs inside a Dask worker: a trial, its reports, and the word to stop it."""

import gc
import signal
import time
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

from distributed import get_worker
from distributed.diagnostics.plugin import WorkerPlugin

from search.engine.environment import silence_tensorflow
from search.engine.processes import MODULES
from search.engine.worker import run_with_artifacts
from search.trial.result import Result
from search.trial.trial import Plan, Progress

_REPORT_EVERY = 0.05  # seconds
# Trials told to stop (topic of their engine, number), and the epoch they ended at; lives in each
# worker.
_stops: dict[tuple[str, int], int] = {}


class WorkerSetup(WorkerPlugin):
    """Imports TensorFlow when a worker starts, not when its first trial does."""

    def __init__(self, *, ours: bool) -> None:
        self._ours = ours

    def setup(self, worker: Any) -> None:  # noqa: ARG002
        """Prepares a worker that starts, and one that takes the place of another."""
        if self._ours:
            # A terminal sends Ctrl-C to the workers too; what it means is the study's decision.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        silence_tensorflow()
        for module in MODULES:
            import_module(module)
        # What was imported stays; looking through it for garbage took a third of a second a net.
        gc.freeze()


@dataclass(frozen=True)
class WorkerResult:
    """A result, how many epochs were told before it, and how large its worker has grown."""

    result: Result
    told: int
    worker: str
    megabytes: float


class _Reports:
    """Sends a trial's epochs to the coordinator: short ones together, a long one at once.

    Each message is read and answered by the coordinator, which shares the processor with training.
    """

    def __init__(self, worker: Any, topic: str) -> None:
        self._worker = worker
        self._topic = topic
        self._waiting: list[dict[str, Any]] = []
        self._sent = time.monotonic()
        self.told = 0

    def add(self, progress: Progress) -> None:
        """Takes an epoch, which is sent soon."""
        self.told += 1
        self._waiting.append(asdict(progress))
        if time.monotonic() - self._sent >= _REPORT_EVERY:
            self.send()

    def send(self) -> None:
        """Sends what waits."""
        if self._waiting:
            self._worker.log_event(self._topic, {"epochs": self._waiting})
        self._waiting, self._sent = [], time.monotonic()


def run_plan(plan: Plan, topic: str) -> WorkerResult:
    """Carries out a plan and reports its epochs on a topic of the scheduler."""
    _stops.pop((topic, plan.number), None)
    worker = get_worker()
    reports = _Reports(worker, topic)

    def report(progress: Progress) -> int | None:
        reports.add(progress)
        return _stops.get((topic, plan.number))

    result = run_with_artifacts(plan, report)
    reports.send()
    grown = worker.monitor.get_process_memory() / 2**20
    return WorkerResult(result, reports.told, worker.address, grown)


def request_stop(topic: str, number: int, step: int) -> None:
    """Takes the word to stop a trial, which is known to have ended at epoch `step`."""
    _stops[topic, number] = step
