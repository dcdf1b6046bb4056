"""Retrains configurations with fresh seeds, running their executions in parallel."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

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
) -> Iterator[tuple[Plan, Result]]:
    """Yields each plan with its result and files, as soon as its last execution has ended.

    Once `stopped` returns True, nothing new starts. Plans that stay incomplete are not yielded.

    Args:
        plans: one or more plans; each is split into its `study.executions`.
        engine: engine that runs the executions.
        callback: callback that displays the trainings.
        retries: number of retries of an execution whose worker died.
        stopped: returns whether to stop.
    """
    executions = [
        (index, execution)
        for index, plan in enumerate(plans)
        for execution in range(plan.config["study"]["executions"])
    ]
    waiting = deque(range(len(executions)))
    running: set[int] = set()
    losses: Counter[int] = Counter()
    results: dict[int, list[Result]] = defaultdict(list)

    def take(event: Event) -> None:
        if isinstance(event, Progress):
            callback.epoch_ended(event)
            return
        running.discard(event.number)
        callback.training_ended(event.number)
        if not isinstance(event, Lost):
            results[executions[event.number][0]].append(event)
            return
        losses[event.number] += 1
        if losses[event.number] <= retries:
            waiting.append(event.number)
        else:
            failed = Result(event.number, "failed", f"{event.reason}, {losses[event.number]} times")
            results[executions[event.number][0]].append(failed)

    yielded: set[int] = set()
    while True:
        while waiting and len(running) < engine.slots and not stopped():
            number = waiting.popleft()
            index, execution = executions[number]
            plan = plans[index]
            running.add(number)
            title = f"{plan.title} · seed {execution + 1} · {label(plan.config)}"
            callback.training_started(number, title)
            engine.submit(replace(plan, number=number, execution=execution))
        if not running:
            return
        engine.wait(take, TICK)
        for index, plan in enumerate(plans):
            complete = len(results[index]) == plan.config["study"]["executions"]
            if complete and index not in yielded:
                yielded.add(index)
                result = replace(merged(results[index]), number=plan.number)
                yield plan, with_artifacts(plan, result)


def train_plans(
    plans: Sequence[Plan], config: Config, observe: Observe, *, unit: str
) -> tuple[Result, ...]:
    """Trains plans on a new engine and returns their results, in the order of `plans`.

    Args:
        plans: one or more plans.
        config: configuration of the engine.
        observe: opens the display of the trainings.
        unit: unit of the series.
    """
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
