"""The forecasts that an ensemble can be made of: those of the best trials and of the baselines.

M candidates, N forecast origins of a fold, H horizon.
"""

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.baselines.scoring import Baseline
from search.tracking import names
from search.tracking.reading import Record
from search.tracking.store.connection import Client
from search.tracking.store.files import read_bytes
from search.trial.result import FORECASTS

Array = NDArray[np.float64]
_TRIALS = 8  # trials that are considered, best first; each member is trained again with every seed


@dataclass(frozen=True, eq=False)
class Candidate:
    """A possible member of an ensemble.

    Attributes:
        kind: trial, finalist or baseline.
        name: name of its run, or of the baseline.
        run_id: id of its run; empty for a baseline.
        forecasts: forecasts [N, H] of each fold, averaged over its executions.
    """

    kind: str
    name: str
    run_id: str
    forecasts: tuple[Array, ...]


def candidates(
    client: Client, runs: Sequence[Record], baselines: Sequence[Baseline]
) -> list[Candidate]:
    """Returns the baselines and the best complete trials whose forecasts are in the store.

    A baseline that cannot be stored as parameters takes no part, since it could not be served. A
    trial that was a finalist takes part with the mean forecast of its fresh seeds.

    Args:
        client: client of the store.
        runs: runs of the study.
        baselines: baselines of the study with their forecasts.
    """
    found = [
        Candidate("baseline", one.name, "", one.forecasts) for one in baselines if one.parameters
    ]
    shapes = [forecast.shape for forecast in baselines[0].forecasts]
    for run in _trials(runs):
        forecasts = read_forecasts(read_bytes(client, run.run_id, FORECASTS))
        if [forecast.shape for forecast in forecasts] == shapes:
            found.append(Candidate(run.kind, run.name, run.run_id, forecasts))
    return found


def _trials(runs: Sequence[Record]) -> Iterator[Record]:
    """Yields the best trials, or their finalists, best first."""
    complete = [run for run in runs if run.state == "complete" and run.mae is not None]
    finalists = {run.number: run for run in complete if run.kind == "finalist"}
    trials = [run for run in complete if run.kind == "trial" and names.DUPLICATE_OF not in run.tags]
    trials.sort(key=lambda run: (run.number not in finalists, run.mae))
    for run in trials[:_TRIALS]:
        yield finalists.get(run.number, run)


def read_forecasts(content: bytes | None) -> tuple[Array, ...]:
    """Returns the forecasts [N, H] of each fold in a file; none if it is missing or damaged."""
    if content is None:
        return ()
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            found = tuple(arrays[f"fold_{i}"].astype(np.float64) for i in range(len(arrays.files)))
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
        return ()
    return found if all(np.isfinite(forecast).all() for forecast in found) else ()
