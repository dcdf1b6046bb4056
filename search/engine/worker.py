"""Runs a plan; the same code for every engine."""

from collections.abc import Callable
from dataclasses import replace

from search.trial.result import Result
from search.trial.trial import Plan, Progress, run_trial


def run_with_artifacts(plan: Plan, report: Callable[[Progress], int | None]) -> Result:
    """Trains a plan and creates its artifacts, unless it is only a part of a trial."""
    result = run_trial(plan, report)
    return result if plan.execution is not None else with_artifacts(plan, result)


def with_artifacts(plan: Plan, result: Result) -> Result:
    """Returns the result with the artifacts that `tracking` asks for."""
    from search.engine.artifacts import artifacts_of

    figures = plan.config["tracking"]["figures"] != "none"
    return replace(
        result, artifacts=artifacts_of(plan, result, figures=figures), model=b"", checkpoint=b""
    )
