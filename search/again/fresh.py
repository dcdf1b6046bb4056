"""Trains configurations again with fresh seeds, the executions of each side by side."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from search.config import Config
from search.engine import open_engine
from search.engine.base import TICK, Engine, Event, Lost
from search.engine.worker import with_artifacts
from search.labels import label
from search.progress import Budget, open_display
from search.result import Result, merged
from search.terminal import console
from search.trial import Plan, Progress
from search.watcher import Watcher


def train_afresh(
    plans: Sequence[Plan],
    engine: Engine,
    watcher: Watcher,
    *,
    retries: int,
    stopped: Callable[[], bool],
) -> Iterator[tuple[Plan, Result]]:
    """Yields each plan with its result, with files, as soon as its last execution has ended.

    Once `stopped` says so, nothing new starts; a plan that is then incomplete is not yielded.

    Args:
        plans: one or more; each is split into its `study.executions`.
        retries: times an execution runs again after its worker died.
    """
    whole = [
        (index, execution)
        for index, plan in enumerate(plans)
        for execution in range(plan.config["study"]["executions"])
    ]
    waiting = deque(range(len(whole)))
    running: set[int] = set()
    losses: Counter[int] = Counter()
    results: dict[int, list[Result]] = defaultdict(list)

    def take(event: Event) -> None:
        if isinstance(event, Progress):
            watcher.epoch_ended(event)
            return
        running.discard(event.number)
        watcher.training_ended(event.number)
        if not isinstance(event, Lost):
            results[whole[event.number][0]].append(event)
            return
        losses[event.number] += 1
        if losses[event.number] <= retries:
            waiting.append(event.number)
        else:
            failed = Result(event.number, "failed", f"{event.reason}, {losses[event.number]} times")
            results[whole[event.number][0]].append(failed)

    yielded: set[int] = set()
    while True:
        while waiting and len(running) < engine.slots and not stopped():
            number = waiting.popleft()
            index, execution = whole[number]
            plan = plans[index]
            running.add(number)
            title = f"{plan.title} · seed {execution + 1} · {label(plan.config)}"
            watcher.training_started(number, title)
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


def train_now(
    plans: Sequence[Plan], config: Config, *, unit: str, quiet: bool
) -> tuple[Result, ...]:
    """Trains plans on an engine of their own and returns their results, in the order of `plans`.

    Args:
        plans: one or more.
        config: whose `engine` they run on.
        unit: of the series.
        quiet: whether to show nothing on the way.
    """
    jobs = sum(plan.config["study"]["executions"] for plan in plans)
    name, mae = plans[0].baselines[0][0].replace("_", " "), plans[0].baseline_mae
    with (
        open_engine(config, jobs=jobs) as engine,
        open_display(console(), Budget(0, name, mae, unit, again=jobs), quiet=quiet) as shown,
    ):
        trained = train_afresh(
            plans, engine, shown, retries=config.engine.retries, stopped=lambda: False
        )
        found = list(trained)
    return tuple(next(result for plan, result in found if plan is wanted) for wanted in plans)
