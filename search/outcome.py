"""The end of a study: its page in the store."""

from collections.abc import Sequence

from search.insight import pareto_front
from search.leaderboard import best_trial, rows, verdict
from search.prepare import Prepared
from search.report import description, saved_by_pruning, study_page
from search.tracking import names
from search.tracking.ledger import Ledger
from search.tracking.reading import Record


def conclude(
    ledger: Ledger, name: str, runs: Sequence[Record], prepared: Prepared, state: str
) -> None:
    """Writes the study's page: description, leaderboard, pictures, the best trial's figures."""
    if len(prepared.config.study.objectives) > 1:
        _mark_front(ledger, runs, prepared.config.study.objectives)
        runs = ledger.runs()
    board, space, unit = rows(runs), prepared.space, prepared.series.unit
    best = best_trial(board)
    page = study_page(name, runs, board, space, unit)
    saved = saved_by_pruning(runs, prepared.config)
    note = description(name, board, space, unit, page.mattered, state, saved)
    tags = {names.RESULT: verdict(board, unit)}
    metrics = {names.IMPORTANCE + key: share for key, share in page.importance.items()}
    if best is not None:
        tags[names.BEST] = best.run_id
        metrics |= {f"validation/{key}": value for key, value in best.counted.items()}
    ledger.describe(note, tags, metrics, page.files)


def _mark_front(ledger: Ledger, runs: Sequence[Record], objectives: Sequence[str]) -> None:
    """Tags every complete trial: whether no other one beats it in all objectives."""
    complete = [run for run in runs if run.kind == "trial" and run.state == "complete"]
    scored = [run for run in complete if all(name in run.metrics for name in objectives)]
    values = [tuple(run.metrics[name] for name in objectives) for run in scored]
    for run, on in zip(scored, pareto_front(values), strict=True):
        ledger.tag(run.run_id, {names.PARETO: names.text(on)})
