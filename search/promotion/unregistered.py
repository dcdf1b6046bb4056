"""Makes forecasters of runs that are not registered, from the models that their study kept."""

import io
from collections.abc import Collection

import numpy as np
import pandas as pd

from search.errors import BadInput
from search.promotion.ensemble import stored_ensemble
from search.promotion.served import forecaster_of
from search.retraining.ensemble.recorded import RecordedEnsemble
from search.retraining.loading import load_run
from search.serving.intervals import intervals
from search.serving.loading import Served
from search.tracking.store.files import read_artifact, read_bytes


def forecaster_of_run(run: str, trusted: Collection[str]) -> Served:
    """Returns the forecaster of a recorded run, with intervals from its own predictions.

    Its model was trained on the readings before the last fold's targets, not on all readings.

    Raises:
        BadInput: the run cannot be loaded, or has no saved model or predictions.
    """
    recorded = load_run(run, trusted)
    if isinstance(recorded, RecordedEnsemble):
        return stored_ensemble(recorded)
    run_id = recorded.record.run_id
    model = read_bytes(recorded.client, run_id, "model.keras")
    table = read_artifact(recorded.client, run_id, "predictions.csv")
    if model is None or table is None:
        missing = "model.keras" if model is None else "predictions.csv"
        raise BadInput(
            f"run {run_id} has no {missing}, so it cannot forecast:\n"
            "set tracking.models=all to keep the models of all trials"
        )
    try:
        rows = pd.read_csv(io.StringIO(table))
        by_step = (rows["actual"] - rows["forecast"]).groupby(rows["step"])
        residuals = np.column_stack([group.to_numpy(dtype=float) for _, group in by_step])
        if residuals.shape[1] != recorded.config.task.horizon:
            raise ValueError(f"it has {residuals.shape[1]} steps, unlike task.horizon")
        spans = intervals([residuals])
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise BadInput(f"predictions.csv of run {run_id} is damaged: {error!r}") from None
    return forecaster_of(recorded, spans, model)
