"""Runs trials on Dask workers: processes with one thread each that import TensorFlow once.

Results and lost trials arrive as futures, and epochs on a topic of the scheduler. A request to stop
reaches the worker while it trains.
"""

import logging
import queue
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any
from uuid import uuid4

import dask.config
from distributed import Client, Future, KilledWorker, LocalCluster
from distributed.comm.core import CommClosedError

from search.engine.base import Engine, Event, Handler, Lost
from search.engine.dask_worker import WorkerResult, WorkerSetup, request_stop, run_plan
from search.engine.environment import environment
from search.engine.processes import METHOD, uninterrupted, warm_up
from search.errors import BadInput
from search.trial.trial import Plan, Progress

# Dask's topic for workers that it ended because they exceeded their memory limit.
_OVER_LIMIT = "worker-restart-memory"
_STARTS = 3  # attempts to start the workers
_SETTINGS = {
    "distributed.worker.multiprocessing-method": METHOD,
    # A worker that dies loses its trial; the study decides whether to retry it.
    "distributed.scheduler.allowed-failures": 0,
    # TensorFlow's memory cannot be spilled, and a paused worker would wait forever.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    # Dask's profiler would sample the training thread a hundred times a second.
    "distributed.worker.profile.enabled": False,
}


class DaskEngine(Engine):
    """Runs trials on its own workers on this machine, or on those of the scheduler at `address`."""

    def __init__(
        self,
        workers: int,
        *,
        address: str | None,
        memory_limit: str,
        recycle_mb: int,
        threads: int,
    ) -> None:
        self._events: queue.Queue[Event | WorkerResult] = queue.Queue()
        self._futures: dict[int, Future[WorkerResult]] = {}
        self._topic = f"sweepcast-{uuid4().hex}"  # a scheduler may serve several studies
        # Epochs and results arrive separately; a result waits here for the epochs before it.
        self._lock = threading.Lock()
        self._reported: Counter[int] = Counter()
        self._early: dict[int, WorkerResult] = {}
        self._recycle_mb = recycle_mb
        self._over_limit: dict[str, float] = {}  # MB used, by address of the worker
        self._cluster: LocalCluster | None = None
        self._connection: Client | None = None
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        dask.config.set(_SETTINGS)
        starter = ThreadPoolExecutor(1)
        self._starting = starter.submit(self._start, workers, address, memory_limit, threads)
        starter.shutdown(wait=False)
        if address is not None:  # fail before anything is stored
            try:
                self._starting.result()
            except BaseException:
                self.__exit__()
                raise

    def _start(self, workers: int, address: str | None, memory_limit: str, threads: int) -> Client:
        """Starts the workers or connects to them, and returns the client once they are ready."""
        with uninterrupted():
            if address is None:
                self._cluster = self._started(workers, memory_limit, threads)
            self._connection = self._connected(address)
            # A worker may die in the meantime; its replacement is set up too.
            with suppress(CommClosedError):
                self._connection.register_plugin(WorkerSetup(ours=address is None))
            self._connection.subscribe_topic(self._topic, self._take_progress)
            self._connection.subscribe_topic(_OVER_LIMIT, self._take_over_limit)
            return self._connection

    def _connected(self, address: str | None) -> Client:
        try:
            return Client(self._cluster or address, set_as_default=False, timeout="5s")
        except (OSError, ValueError) as error:
            raise BadInput(
                f"engine.address is {address!r}: no Dask scheduler answers there ({error})"
            ) from None

    @classmethod
    def _started(cls, workers: int, memory_limit: str, threads: int) -> LocalCluster:
        """Starts the workers; if one dies while it starts, starts all of them again."""
        for _ in range(_STARTS - 1):
            with suppress(RuntimeError):
                return cls._local(workers, memory_limit, threads)
        return cls._local(workers, memory_limit, threads)

    @staticmethod
    def _local(workers: int, memory_limit: str, threads: int) -> LocalCluster:
        warm_up(threads)
        # These replace Dask's own variables, because its MALLOC_TRIM_THRESHOLD_ returns memory to
        # the system early and costs up to a third of TensorFlow's speed. Forked workers need them
        # too: their parent process may have been started for another number of threads.
        variables = environment(threads)
        dask.config.set(
            {f"distributed.nanny.{when}environ": variables for when in ("pre-spawn-", "")}
        )
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            memory_limit=memory_limit,
            # No dashboard. Its server starts anyway, on a free port because 8787 may be in use.
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            host="127.0.0.1",
            silence_logs=logging.CRITICAL,
        )

    @property
    def _client(self) -> Client:
        """The client; waits until the workers, which start while the study is opened, are ready."""
        return self._starting.result()

    @property
    def slots(self) -> int:
        """The number of threads of all workers that the scheduler has now."""
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    def submit(self, plan: Plan) -> None:
        """Sends the plan to a worker."""
        self._reported[plan.number] = 0
        future = self._client.submit(run_plan, plan, self._topic, pure=False, retries=0)
        self._futures[plan.number] = future
        future.add_done_callback(lambda done: self._take_end(plan.number, done))

    def wait(self, handle: Handler, timeout: float) -> None:
        """Passes all events that have arrived to `handle`."""
        try:
            self._hand_over(self._events.get(timeout=timeout), handle)
            while True:
                self._hand_over(self._events.get_nowait(), handle)
        except queue.Empty:
            return

    def _hand_over(self, event: Event | WorkerResult, handle: Handler) -> None:
        if not isinstance(event, WorkerResult):
            handle(event)
            return
        if event.megabytes > self._recycle_mb and self._cluster is not None:
            # TensorFlow keeps the memory of earlier models. The worker is idle now: its next trial
            # is submitted after the study has handled this result.
            self._client.restart_workers([event.worker], raise_for_error=False)
        handle(event.result)

    def stop(self, number: int, step: int | None) -> None:
        """Asks the workers to stop the trial; the training thread checks this after each epoch."""
        # A worker that dies in the meantime has nothing to stop.
        self._client.run(request_stop, self._topic, number, step, on_error="ignore")

    def _take_progress(self, event: tuple[float, dict[str, Any]]) -> None:
        with self._lock:
            for epoch in event[1]["epochs"]:
                progress = Progress(**epoch)
                self._events.put(progress)
                self._reported[progress.number] += 1
                early = self._early.get(progress.number)
                if early is not None and self._reported[progress.number] >= early.reported:
                    self._events.put(self._early.pop(progress.number))

    def _take_end(self, number: int, future: Future[WorkerResult]) -> None:
        del self._futures[number]
        if future.status == "finished":
            outcome = future.result()
            with self._lock:
                if self._reported[number] < outcome.reported:
                    self._early[number] = outcome
                else:
                    self._events.put(outcome)
        else:
            error = future.exception() if future.status == "error" else None
            self._events.put(Lost(number, self._reason(error)))

    def _take_over_limit(self, event: tuple[float, dict[str, Any]]) -> None:
        self._over_limit[event[1]["worker"]] = event[1]["rss"] / 2**20

    def _reason(self, error: BaseException | None) -> str:
        """Returns why a worker died, as far as this is known."""
        address = error.last_worker.address if isinstance(error, KilledWorker) else ""
        if address in self._over_limit:
            used = self._over_limit.pop(address)
            return f"out of memory: the worker used {used:.0f} MB, near engine.memory_limit"
        return f"the worker died ({type(error).__name__})"

    def __exit__(self, *error: object) -> None:
        """Closes the client and ends the workers that the engine started."""
        wait([self._starting])
        if self._connection is not None:
            self._connection.close()
        if self._cluster is not None:
            self._cluster.close()
