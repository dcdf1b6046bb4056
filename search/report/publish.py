"""Publishes the report of a study in the store."""

from collections.abc import Sequence

from search.report import study_files
from search.report.markdown import description
from search.results.findings import findings
from search.results.leaderboard import best_forecaster
from search.results.pareto import pareto_front
from search.results.verdict import verdict
from search.study.preparation import PreparedStudy
from search.tracking import names
from search.tracking.ledger import Ledger
from search.tracking.reading import Record


def publish(
    ledger: Ledger, name: str, runs: Sequence[Record], prepared: PreparedStudy, state: str
) -> None:
    """Writes the description, page, table and figures of a study and the metrics of its best trial.

    Args:
        ledger: ledger of the study.
        name: name of the study.
        runs: runs of the study.
        prepared: the study as configured.
        state: sentence that says how the study ended.
    """
    if len(prepared.config.study.objectives) > 1:
        _mark_front(ledger, runs, prepared.config.study.objectives)
        runs = ledger.runs()
    found = findings(name, runs, prepared, state)
    tags = {names.RESULT: verdict(found.board, found.unit)}
    metrics = {names.IMPORTANCE + key: share for key, share in found.importance.items()}
    best = best_forecaster(found.board)
    if best is not None:
        tags[names.BEST] = best.run_id
        metrics |= {f"validation/{key}": value for key, value in best.counted.items()}
    ledger.describe(description(found), tags, metrics, study_files(ledger, found))
    ledger.save_view(found.space, found.importance)


def _mark_front(ledger: Ledger, runs: Sequence[Record], objectives: Sequence[str]) -> None:
    """Tags every complete trial with whether it is on the Pareto front."""
    complete = [run for run in runs if run.kind == "trial" and run.state == "complete"]
    scored = [run for run in complete if all(name in run.metrics for name in objectives)]
    values = [tuple(run.metrics[name] for name in objectives) for run in scored]
    for run, on in zip(scored, pareto_front(values), strict=True):
        ledger.tag(run.run_id, {names.PARETO: names.text(on)})
