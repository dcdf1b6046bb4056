"""Runs trials one by one in this process: for debugging, and for tests."""

from collections import deque

from search.engine.base import Engine, Handler
from search.engine.worker import run_with_artifacts
from search.trial.trial import Plan, Progress


class InlineEngine(Engine):
    """One slot; a trial runs while the study waits, its events are handed over at once."""

    def __init__(self) -> None:
        self._plans: deque[Plan] = deque()
        self._stops: dict[int, int] = {}

    @property
    def slots(self) -> int:
        """One."""
        return 1

    def submit(self, plan: Plan) -> None:
        """Keeps the plan for the next `wait`."""
        self._plans.append(plan)

    def wait(self, handle: Handler, timeout: float) -> None:  # noqa: ARG002
        """Runs one trial to its end."""
        if not self._plans:
            return
        plan = self._plans.popleft()

        def report(progress: Progress) -> int | None:
            handle(progress)
            return self._stops.pop(progress.number, None)

        handle(run_with_artifacts(plan, report))

    def stop(self, number: int, step: int) -> None:
        """Stops the trial at the end of the epoch that it just reported."""
        self._stops[number] = step

    def __exit__(self, *error: object) -> None:
        """Does nothing: there is no process to end."""
