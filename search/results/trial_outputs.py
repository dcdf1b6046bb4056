"""Reads the curves of a study's trials, and the forecasts of the best ones, from the store."""

import io
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import pandas as pd

from search.engine.artifacts import predictions_table
from search.errors import BadInput
from search.plots import formatting, style
from search.results.findings import Findings
from search.study.preparation import PreparedStudy
from search.tracking import names
from search.tracking.ledger import Ledger
from search.tracking.reading import FINISHED, by_epoch
from search.tracking.store.files import read_artifact
from search.trial.data import folds_of, origins_of, targets, visible

_COLUMNS: dict[Hashable, type] = {
    "timestamp": str,
    "actual": float,
    "forecast": float,
    "step": int,
    "fold": int,
}


@dataclass(frozen=True, eq=False)
class Forecast:
    """The forecasts of a trial for the scored targets.

    Attributes:
        number: number of the trial.
        run_id: id of the trial's run.
        name: e.g. "trial 7: 2.105 °C", with the score from the search.
        table: its predictions.csv, as described in `search.plots.trial.forecast`.
    """

    number: int
    run_id: str
    name: str
    table: pd.DataFrame


@dataclass(frozen=True, eq=False)
class TrialOutputs:
    """Curves and forecasts of a study.

    Attributes:
        curves: `validation/mae` by epoch of each trained trial, by trial number; if a trial
            has several executions, of the one whose model and forecasts are stored.
        forecasts: forecasts of the best complete trials, best first.
        baseline: forecasts of the best baseline, as a table in the same form.
        season: number of steps in one season.
    """

    curves: Mapping[int, Mapping[int, float]]
    forecasts: Sequence[Forecast]
    baseline: pd.DataFrame
    season: int


def trial_outputs(ledger: Ledger, found: Findings) -> TrialOutputs:
    """Reads the data for the figures of a study."""
    trained = [
        run
        for run in found.runs
        if run.kind == "trial" and run.state in FINISHED and names.DUPLICATE_OF not in run.tags
    ]
    prepared = found.prepared
    return TrialOutputs(
        curves={
            run.number: by_epoch(ledger.client, run.run_id, "validation/mae")
            for run in trained
            if "validation/mae" in run.metrics
        },
        forecasts=[*islice(_forecasts(ledger, found), len(style.RANKED))],
        baseline=_of_baseline(prepared),
        season=visible(prepared.series, prepared.config.task).season,
    )


def _forecasts(ledger: Ledger, found: Findings) -> Iterator[Forecast]:
    numbers = {run.run_id: run.number for run in found.runs if run.kind == "trial"}
    for row in found.board:
        if row.kind != "trial" or row.state != "complete":
            continue
        table = _predictions(ledger, row.run_id)
        if table is not None:
            number = numbers[row.run_id]
            name = f"trial {number}: {formatting.number(row.figures['mae'], found.unit)}"
            yield Forecast(number, row.run_id, name, table)


def _predictions(ledger: Ledger, run_id: str) -> pd.DataFrame | None:
    """Returns the predictions of a trial, or None if the file is damaged or missing.

    A trial that repeats a point has no such file. Neither case may stop a study from ending.
    """
    try:
        text = read_artifact(ledger.client, run_id, "predictions.csv")
        if text is None:
            return None
        table = pd.read_csv(io.StringIO(text), usecols=[*_COLUMNS], dtype=_COLUMNS)
        return table.assign(timestamp=pd.to_datetime(table["timestamp"], format="ISO8601"))
    except (BadInput, ValueError):
        return None


def _of_baseline(prepared: PreparedStudy) -> pd.DataFrame:
    series, task = prepared.series, prepared.config.task
    fold = folds_of(series, task)[-1]
    actual = visible(series, task).readings[targets(origins_of(fold, task), task.horizon)]
    return predictions_table(series, task, fold, actual, prepared.baselines[0].forecast)
