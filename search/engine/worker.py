"""What an engine runs for a plan, wherever it runs it."""

from collections.abc import Callable
from dataclasses import replace

from search.trial.result import Result
from search.trial.trial import (
    Plan,
    Progress,
    run_trial,
)


def run_with_artifacts(plan: Plan, report: Callable[[Progress], int | None]) -> Result:
    """Trains a plan and makes its files; those of a part wait until all parts are there."""
    result = run_trial(plan, report)
    return result if plan.execution is not None else with_artifacts(plan, result)


def with_artifacts(plan: Plan, result: Result) -> Result:
    """Returns the result with the files that `tracking` asks to be made beside it."""
    from search.engine.artifacts import artifacts_of

    figures = plan.config["tracking"]["figures"] != "none"
    return replace(
        result, artifacts=artifacts_of(plan, result, figures=figures), model=b"", checkpoint=b""
    )
