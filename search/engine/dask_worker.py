"""Code that runs inside a Dask worker: it trains trials, reports epochs and stops on request."""

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
# The trials to stop, as (topic of their engine, number), and the epoch as of which they stop; None
# for the epoch that ends next. Each worker has its own.
_stops: dict[tuple[str, int], int | None] = {}


class WorkerSetup(WorkerPlugin):
    """Imports TensorFlow when a worker starts, instead of in its first trial."""

    def __init__(self, *, ours: bool) -> None:
        self._ours = ours

    def setup(self, worker: Any) -> None:  # noqa: ARG002
        """Prepares a new worker, including one that replaces another."""
        if self._ours:
            # A terminal sends Ctrl-C to the workers too, but only the coordinator reacts to it.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        silence_tensorflow()
        for module in MODULES:
            import_module(module)
        # Imported objects stay alive; collecting garbage among them took 0.3 s per model.
        gc.freeze()


@dataclass(frozen=True)
class WorkerResult:
    """A result and the state of its worker.

    Attributes:
        result: result of the trial.
        reported: number of epochs reported before the result.
        worker: address of the worker.
        megabytes: memory that the worker uses, in MB.
    """

    result: Result
    reported: int
    worker: str
    megabytes: float


class _Reports:
    """Sends a trial's epochs to the coordinator: short ones together, long ones immediately.

    The coordinator handles every message, and it shares the processor with training.
    """

    def __init__(self, worker: Any, topic: str) -> None:
        self._worker = worker
        self._topic = topic
        self._waiting: list[dict[str, Any]] = []
        self._sent = time.monotonic()
        self.count = 0

    def add(self, progress: Progress) -> None:
        """Queues an epoch, which is sent soon."""
        self.count += 1
        self._waiting.append(asdict(progress))
        if time.monotonic() - self._sent >= _REPORT_EVERY:
            self.send()

    def send(self) -> None:
        """Sends the queued epochs."""
        if self._waiting:
            self._worker.log_event(self._topic, {"epochs": self._waiting})
        self._waiting, self._sent = [], time.monotonic()


def run_plan(plan: Plan, topic: str) -> WorkerResult:
    """Runs a plan and reports its epochs on a topic of the scheduler."""
    _stops.pop((topic, plan.number), None)
    worker = get_worker()
    reports = _Reports(worker, topic)

    def report(progress: Progress) -> int | None:
        reports.add(progress)
        if (topic, plan.number) not in _stops:
            return None
        step = _stops[topic, plan.number]
        return progress.step if step is None else step

    result = run_with_artifacts(plan, report)
    reports.send()
    grown = worker.monitor.get_process_memory() / 2**20
    return WorkerResult(result, reports.count, worker.address, grown)


def request_stop(topic: str, number: int, step: int | None) -> None:
    """Asks a trial to stop as of epoch `step`; None stands for the epoch that it ends next."""
    _stops[topic, number] = step
