"""Retrains configurations with fresh seeds, running their executions in parallel."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from search.config.dotted import with_values
from search.config.schema import Config
from search.engine import open_engine
from search.engine.base import TICK, Engine, Event, Lost
from search.engine.worker import with_artifacts
from search.study.callback import Observe, StudyCallback
from search.trial.labels import label
from search.trial.result import Result, merged
from search.trial.trial import Plan, Progress


def train_fresh_seeds(
    plans: Sequence[Plan],
    engine: Engine,
    callback: StudyCallback,
    *,
    retries: int,
    stopped: Callable[[], bool],
    over: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Plan, Result]]:
    """Yields each plan with its result and files, as soon as its last execution has ended.

    Once `stopped` returns True, nothing new starts. Plans that stay incomplete are not yielded.
    Once `over` returns True, running executions are given up, and a plan whose first executions are
    complete is yielded with these only.

    Args:
        plans: one or more plans; each is split into its `study.executions`.
        engine: engine that runs the executions.
        callback: callback that displays the trainings.
        retries: number of retries of an execution whose worker died.
        stopped: returns whether to stop.
        over: returns whether the time is over.
    """
    trainings = _Trainings(plans, engine, callback, retries, over)
    while True:
        if not stopped() and not over():
            trainings.start()
        if not trainings.running:
            break
        engine.wait(trainings.take, TICK)
        yield from trainings.ended()
        if over():
            trainings.give_up()
    if over():
        yield from trainings.shortened()


class _Trainings:
    """The executions of several plans; each runs as a training of its own, numbered from 0."""

    def __init__(
        self,
        plans: Sequence[Plan],
        engine: Engine,
        callback: StudyCallback,
        retries: int,
        over: Callable[[], bool],
    ) -> None:
        self._plans = plans
        self._engine = engine
        self._callback = callback
        self._retries = retries
        self._over = over
        self._executions = [
            (index, execution)
            for index, plan in enumerate(plans)
            for execution in range(plan.config["study"]["executions"])
        ]
        self._waiting = deque(range(len(self._executions)))
        self._losses: Counter[int] = Counter()
        self._results: dict[int, dict[int, Result]] = {i: {} for i in range(len(plans))}
        self.running: set[int] = set()

    def start(self) -> None:
        """Starts executions until all slots are in use."""
        while self._waiting and len(self.running) < self._engine.slots:
            number = self._waiting.popleft()
            index, execution = self._executions[number]
            plan = self._plans[index]
            self.running.add(number)
            title = f"{plan.title} · seed {execution + 1} · {label(plan.config)}"
            self._callback.training_started(number, title)
            self._engine.submit(replace(plan, number=number, execution=execution))

    def take(self, event: Event) -> None:
        """Handles an event of the engine."""
        if isinstance(event, Progress):
            self._callback.epoch_ended(event)
            if self._over():
                self._engine.stop(event.number, None)
            return
        number = event.number
        self.running.discard(number)
        self._callback.training_ended(number)
        index, execution = self._executions[number]
        if not isinstance(event, Lost):
            if event.state != "pruned":  # otherwise it was stopped because the time is over
                self._results[index][execution] = event
            return
        self._losses[number] += 1
        if self._losses[number] <= self._retries:
            self._waiting.append(number)
        else:
            reason = f"{event.reason}, {self._losses[number]} times"
            self._results[index][execution] = Result(number, "failed", reason)

    def give_up(self) -> None:
        """Leaves the running executions; on workers of another program, they stop soon."""
        for number in self.running:
            self._engine.stop(number, None)
            self._callback.training_ended(number)
        self.running.clear()

    def ended(self) -> Iterator[tuple[Plan, Result]]:
        """Yields the plans whose last execution has just ended, with their results."""
        for index, parts in [*self._results.items()]:
            plan = self._plans[index]
            if len(parts) == plan.config["study"]["executions"]:
                del self._results[index]
                yield plan, _joined(plan, [*parts.values()])

    def shortened(self) -> Iterator[tuple[Plan, Result]]:
        """Yields the incomplete plans whose first executions are complete, with only these."""
        for index, parts in self._results.items():
            first = [parts[i] for i in range(len(parts)) if parts.keys() >= {*range(i + 1)}]
            if first:
                fewer = with_values(self._plans[index].config, {"study.executions": len(first)})
                plan = replace(self._plans[index], config=fewer)
                yield plan, _joined(plan, first)


def _joined(plan: Plan, parts: Sequence[Result]) -> Result:
    """Returns the result of a plan from those of its executions, with its files."""
    return with_artifacts(plan, replace(merged(parts), number=plan.number))


def train_plans(
    plans: Sequence[Plan], config: Config, observe: Observe, *, unit: str
) -> tuple[Result, ...]:
    """Trains plans on a new engine and returns their results, in the order of `plans`.

    Args:
        plans: the plans; without any, nothing is started.
        config: configuration of the engine.
        observe: opens the display of the trainings.
        unit: unit of the series.
    """
    if not plans:
        return ()
    jobs = sum(plan.config["study"]["executions"] for plan in plans)
    with (
        open_engine(config, jobs=jobs) as engine,
        observe(plans[0], jobs, unit) as callback,
    ):
        trained = train_fresh_seeds(
            plans, engine, callback, retries=config.engine.retries, stopped=lambda: False
        )
        found = list(trained)
    return tuple(next(result for plan, result in found if plan is wanted) for wanted in plans)
