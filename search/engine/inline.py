"""Runs trials one after the other in this process, for debugging and for tests."""

from collections import deque

from search.engine.base import Engine, Handler
from search.engine.worker import run_with_artifacts
from search.trial.trial import Plan, Progress


class InlineEngine(Engine):
    """An engine with one slot; a trial runs within `wait` and reports its events immediately."""

    def __init__(self) -> None:
        self._plans: deque[Plan] = deque()
        self._stops: dict[int, int | None] = {}

    @property
    def slots(self) -> int:
        """One trial at a time."""
        return 1

    def submit(self, plan: Plan) -> None:
        """Queues the plan for the next `wait`."""
        self._plans.append(plan)

    def wait(self, handle: Handler, timeout: float) -> None:  # noqa: ARG002
        """Runs one trial to the end."""
        if not self._plans:
            return
        plan = self._plans.popleft()

        def report(progress: Progress) -> int | None:
            handle(progress)
            if progress.number not in self._stops:
                return None
            step = self._stops.pop(progress.number)
            return progress.step if step is None else step

        handle(run_with_artifacts(plan, report))

    def stop(self, number: int, step: int | None) -> None:
        """Stops the trial after the epoch that it has just reported."""
        self._stops[number] = step

    def __exit__(self, *error: object) -> None:
        """Does nothing, because there is no process to end."""
