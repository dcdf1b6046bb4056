"""Reads and loads a forecaster of either kind: a single model or an ensemble."""

from collections.abc import Collection
from pathlib import Path

from search.serving import ensemble
from search.serving.ensemble import EnsembleForecaster, LoadedEnsemble
from search.serving.forecaster import Forecaster, LoadedForecaster

Served = Forecaster | EnsembleForecaster


def read_forecaster(folder: Path) -> Served:
    """Returns the forecaster whose files are in a folder.

    Raises:
        BadInput: a file is missing or damaged.
    """
    kind = EnsembleForecaster if (folder / ensemble.SPEC).exists() else Forecaster
    return kind.read(folder)


def load_forecaster(
    forecaster: Served, trusted: Collection[str] = ()
) -> LoadedForecaster | LoadedEnsemble:
    """Loads the models of a forecaster into memory.

    Args:
        forecaster: the forecaster.
        trusted: packages besides Keras whose layers its models may contain.

    Raises:
        BadInput: a model is damaged, or contains code or layers of another package.
    """
    if isinstance(forecaster, EnsembleForecaster):
        return LoadedEnsemble(forecaster, trusted)
    return LoadedForecaster(forecaster, trusted)
