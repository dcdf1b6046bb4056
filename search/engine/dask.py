"""Runs trials on Dask workers: processes of one thread each, TensorFlow imported once in each.

Results and lost trials are futures; epochs travel over a topic of the scheduler; the word to stop
is put into the worker while it trains.
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

from search.engine.base import (
    Engine,
    Event,
    Handler,
    Lost,
)
from search.engine.dask_worker import (
    WorkerResult,
    WorkerSetup,
    request_stop,
    run_plan,
)
from search.engine.environment import environment
from search.engine.processes import (
    METHOD,
    uninterrupted,
    warm_up,
)
from search.errors import BadInput
from search.trial.trial import Plan, Progress

_OVER_LIMIT = "worker-restart-memory"  # what Dask says when it ends a worker over its limit
_STARTS = 3  # attempts to start the workers
_SETTINGS = {
    "distributed.worker.multiprocessing-method": METHOD,
    # A worker that dies loses its trial; whether to run it again is the study's decision.
    "distributed.scheduler.allowed-failures": 0,
    # Memory that TensorFlow holds cannot be spilled, and a paused worker would wait for ever.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    # Dask's profiler looks at the training thread a hundred times a second.
    "distributed.worker.profile.enabled": False,
}


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
        self._events: queue.Queue[Event | WorkerResult] = queue.Queue()
        self._futures: dict[int, Future[WorkerResult]] = {}
        self._topic = f"sweepcast-{uuid4().hex}"  # a scheduler may serve several studies
        # Epochs and results come on two ways; a result waits here for the epochs before it.
        self._lock = threading.Lock()
        self._told: Counter[int] = Counter()
        self._early: dict[int, WorkerResult] = {}
        self._recycle_mb = recycle_mb
        self._over_limit: dict[str, float] = {}  # MB of workers that were ended for it
        self._cluster: LocalCluster | None = None
        self._connection: Client | None = None
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        dask.config.set(_SETTINGS)
        starter = ThreadPoolExecutor(1)
        self._starting = starter.submit(self._start, workers, address, memory_limit, threads)
        starter.shutdown(wait=False)
        if address is not None:  # it may be refused, which must be known before anything is stored
            try:
                self._starting.result()
            except BaseException:
                self.__exit__()
                raise

    def _start(self, workers: int, address: str | None, memory_limit: str, threads: int) -> Client:
        """Returns the connection to workers that are ready."""
        with uninterrupted():
            if address is None:
                self._cluster = self._started(workers, memory_limit, threads)
            self._connection = self._connected(address)
            # A worker may die meanwhile; the one in its place is prepared too.
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
        """Starts workers; where one dies while it starts, all of them start anew."""
        for _ in range(_STARTS - 1):
            with suppress(RuntimeError):
                return cls._local(workers, memory_limit, threads)
        return cls._local(workers, memory_limit, threads)

    @staticmethod
    def _local(workers: int, memory_limit: str, threads: int) -> LocalCluster:
        warm_up(threads)
        # In place of Dask's own variables, of which MALLOC_TRIM_THRESHOLD_ gives memory back to the
        # system at once: that takes up to a third of TensorFlow's speed. A fork needs them too: the
        # process it comes from may have been started for another number of threads.
        variables = environment(threads)
        dask.config.set(
            {f"distributed.nanny.{when}environ": variables for when in ("pre-spawn-", "")}
        )
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            memory_limit=memory_limit,
            # No dashboard; its server, which starts anyhow, takes a free port: 8787 may be taken.
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            host="127.0.0.1",
            silence_logs=logging.CRITICAL,
        )

    @property
    def _client(self) -> Client:
        """The connection; own workers start while the study is opened, and are waited for here."""
        return self._starting.result()

    @property
    def slots(self) -> int:
        """The threads of all workers, as the scheduler knows them now."""
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    def submit(self, plan: Plan) -> None:
        """Sends the plan to a worker."""
        self._told[plan.number] = 0
        future = self._client.submit(run_plan, plan, self._topic, pure=False, retries=0)
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

    def _hand_over(self, event: Event | WorkerResult, handle: Handler) -> None:
        if not isinstance(event, WorkerResult):
            handle(event)
            return
        if event.megabytes > self._recycle_mb and self._cluster is not None:
            # TensorFlow keeps memory of every net it built. The worker is idle now: its next trial
            # is submitted when the study has taken this result.
            self._client.restart_workers([event.worker], raise_for_error=False)
        handle(event.result)

    def stop(self, number: int, step: int) -> None:
        """Puts the word to stop into the worker; the training thread reads it after its epoch."""
        # A worker that dies meanwhile has nothing to stop.
        self._client.run(request_stop, self._topic, number, step, on_error="ignore")

    def _take_progress(self, event: tuple[float, dict[str, Any]]) -> None:
        with self._lock:
            for epoch in event[1]["epochs"]:
                progress = Progress(**epoch)
                self._events.put(progress)
                self._told[progress.number] += 1
                early = self._early.get(progress.number)
                if early is not None and self._told[progress.number] >= early.told:
                    self._events.put(self._early.pop(progress.number))

    def _take_end(self, number: int, future: Future[WorkerResult]) -> None:
        del self._futures[number]
        if future.status == "finished":
            outcome = future.result()
            with self._lock:
                if self._told[number] < outcome.told:
                    self._early[number] = outcome
                else:
                    self._events.put(outcome)
        else:
            error = future.exception() if future.status == "error" else None
            self._events.put(Lost(number, self._reason(error)))

    def _take_over_limit(self, event: tuple[float, dict[str, Any]]) -> None:
        self._over_limit[event[1]["worker"]] = event[1]["rss"] / 2**20

    def _reason(self, error: BaseException | None) -> str:
        """Returns why a worker died, as far as it is known."""
        address = error.last_worker.address if isinstance(error, KilledWorker) else ""
        if address in self._over_limit:
            used = self._over_limit.pop(address)
            return f"out of memory: its worker used {used:.0f} MB, near engine.memory_limit"
        return f"its worker died ({type(error).__name__})"

    def __exit__(self, *error: object) -> None:
        """Ends the client and, where they are ours, the workers."""
        wait([self._starting])
        if self._connection is not None:
            self._connection.close()
        if self._cluster is not None:
            self._cluster.close()
