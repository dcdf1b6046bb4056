"""Runs trials on Dask workers: processes of one thread each, TensorFlow imported once in each.

Results and lost trials are futures; epochs travel over a topic of the scheduler; the word to stop
is put into the worker while it trains.
"""

import logging
import queue
import signal
from dataclasses import asdict, dataclass
from typing import Any

import dask.config
from distributed import Client, Future, LocalCluster, get_worker
from distributed.diagnostics.plugin import WorkerPlugin

from search.engine.base import Engine, Event, Handler, Lost
from search.engine.worker import carry_out
from search.errors import BadInput
from search.result import Result
from search.runtime import environment, hush
from search.trial import Plan, Progress

_TOPIC = "sweepcast"
# Numbers of trials told to stop, and the epoch they ended at; lives in each worker.
_stops: dict[int, int] = {}
_SETTINGS = {
    # A worker that dies loses its trial; whether to run it again is the study's decision.
    "distributed.scheduler.allowed-failures": 0,
    # Memory that TensorFlow holds cannot be spilled, and a paused worker would wait for ever.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
}


class _Prepare(WorkerPlugin):
    """Imports TensorFlow when a worker starts, not when its first trial does."""

    def __init__(self, *, ours: bool) -> None:
        self._ours = ours

    def setup(self, worker: Any) -> None:  # noqa: ARG002
        if self._ours:
            # A terminal sends Ctrl-C to the workers too; what it means is the study's decision.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        hush()
        import search.artifacts
        import search.net
        import search.training  # noqa: F401


@dataclass(frozen=True)
class _Outcome:
    """A result, and how large the worker has grown that it comes from."""

    result: Result
    worker: str
    megabytes: float


def _carry_out(plan: Plan) -> _Outcome:
    _stops.pop(plan.number, None)
    worker = get_worker()

    def report(progress: Progress) -> int | None:
        worker.log_event(_TOPIC, {"progress": asdict(progress)})
        return _stops.get(plan.number)

    result = carry_out(plan, report)
    return _Outcome(result, worker.address, worker.monitor.get_process_memory() / 2**20)


def _note_stop(number: int, step: int) -> None:
    _stops[number] = step


class DaskEngine(Engine):
    """Workers of our own on this machine, or those of a scheduler at an address."""

    def __init__(
        self,
        workers: int,
        *,
        address: str | None,
        memory_limit: str,
        recycle_mb: int,
        threads: int,
    ) -> None:
        self._events: queue.Queue[Event | _Outcome] = queue.Queue()
        self._futures: dict[int, Future[_Outcome]] = {}
        self._recycle_mb = recycle_mb
        self._cluster: LocalCluster | None = None
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        dask.config.set(_SETTINGS)
        if address is None:
            self._cluster = self._local(workers, memory_limit, threads)
        try:
            self._client = Client(self._cluster or address, set_as_default=False, timeout="5s")
        except (OSError, ValueError) as error:
            raise BadInput(
                f"engine.address is {address!r}: no Dask scheduler answers there ({error})"
            ) from None
        self._client.register_plugin(_Prepare(ours=address is None))
        self._client.subscribe_topic(_TOPIC, self._take_progress)

    @staticmethod
    def _local(workers: int, memory_limit: str, threads: int) -> LocalCluster:
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            memory_limit=memory_limit,
            env=environment(threads),
            # No dashboard; its server, which starts anyhow, takes a free port: 8787 may be taken.
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            host="127.0.0.1",
            silence_logs=logging.CRITICAL,
        )

    @property
    def slots(self) -> int:
        """The threads of all workers, as the scheduler knows them now."""
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    def submit(self, plan: Plan) -> None:
        """Sends the plan to a worker."""
        future = self._client.submit(_carry_out, plan, pure=False, retries=0)
        self._futures[plan.number] = future
        future.add_done_callback(lambda done: self._take_end(plan.number, done))

    def wait(self, handle: Handler, timeout: float) -> None:
        """Hands over all events that have come in."""
        try:
            self._hand_over(self._events.get(timeout=timeout), handle)
            while True:
                self._hand_over(self._events.get_nowait(), handle)
        except queue.Empty:
            return

    def _hand_over(self, event: Event | _Outcome, handle: Handler) -> None:
        if not isinstance(event, _Outcome):
            handle(event)
            return
        if event.megabytes > self._recycle_mb and self._cluster is not None:
            # TensorFlow keeps memory of every net it built. The worker is idle now: its next trial
            # is submitted when the study has taken this result.
            self._client.restart_workers([event.worker], raise_for_error=False)
        handle(event.result)

    def stop(self, number: int, step: int) -> None:
        """Puts the word to stop into the worker; the training thread reads it after its epoch."""
        self._client.run(_note_stop, number, step)

    def _take_progress(self, event: tuple[float, dict[str, Any]]) -> None:
        self._events.put(Progress(**event[1]["progress"]))

    def _take_end(self, number: int, future: Future[_Outcome]) -> None:
        del self._futures[number]
        if future.status == "finished":
            self._events.put(future.result())
        else:
            error = future.exception() if future.status == "error" else None
            self._events.put(Lost(number, f"its worker died ({type(error).__name__})"))

    def __exit__(self, *error: object) -> None:
        """Ends the client and, where they are ours, the workers."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()
