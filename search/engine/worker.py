"""What an engine runs for a plan, wherever it runs it."""

from collections.abc import Callable
from dataclasses import replace

from search.trial import Plan, Progress, Result, run_trial


def carry_out(plan: Plan, report: Callable[[Progress], int | None]) -> Result:
    """Trains a trial and makes its files."""
    result = run_trial(plan, report)
    return with_artifacts(plan, result)


def with_artifacts(plan: Plan, result: Result) -> Result:
    """Returns the result with the files that `tracking` asks to be made beside it."""
    from search.artifacts import trial_artifacts

    figures = plan.config["tracking"]["figures"] != "none"
    return replace(result, artifacts=trial_artifacts(plan, result, figures=figures), model=b"")
