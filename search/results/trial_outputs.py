"""What the store has kept of a study's trials: their curves, and the forecasts of the best."""

import io
from collections.abc import Iterator, Mapping, Sequence
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
from search.trial.data import (
    folds_of,
    origins_of,
    targets,
    visible,
)

_COLUMNS = {"timestamp": str, "actual": float, "forecast": float, "step": int, "fold": int}


@dataclass(frozen=True, eq=False)
class Forecast:
    """What a trial forecast for the scored targets.

    Attributes:
        number: of the trial.
        run_id: of the trial.
        name: e.g. "trial 7: 2.105 °C", the score of its search.
        table: its predictions.csv, as `search.plots.trial.forecast` describes it.
    """

    number: int
    run_id: str
    name: str
    table: pd.DataFrame


@dataclass(frozen=True, eq=False)
class TrialOutputs:
    """Curves and forecasts of a study.

    Attributes:
        curves: `validation/mae` by epoch of each trial that was trained, by number; of several
            executions, the one whose net and forecasts are kept.
        forecasts: of the best complete trials, the best first.
        baseline: a table like theirs, of the best baseline.
        season: steps of one season.
    """

    curves: Mapping[int, Mapping[int, float]]
    forecasts: Sequence[Forecast]
    baseline: pd.DataFrame
    season: int


def trial_outputs(ledger: Ledger, found: Findings) -> TrialOutputs:
    """Reads what the pictures of a study need."""
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
    """Returns what a trial forecast; None where the file is damaged, or was never there.

    A trial that repeats the point of another one has none. A study ends well all the same.
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
