"""The loader that a registered model names: what `mlflow models serve` calls.

Its data are a folder with a .keras file and a JSON file, no pickle; Sweepcast must be installed.
The environment variable SWEEPCAST_TRUST names the packages, with commas between them, whose layers
the net may hold beside Keras' own: MLflow hands a loader no options.
"""

import os
from pathlib import Path
from typing import Any

import pandas as pd

from search.serving.forecaster import Forecaster, LoadedForecaster
from search.serving.inputs import from_table

TRUST = "SWEEPCAST_TRUST"


class RawHistoryModel:
    """What MLflow serves: raw history in, forecast out."""

    def __init__(self, loaded: LoadedForecaster) -> None:
        self._loaded = loaded

    def predict(
        self,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002  # MLflow's signature
    ) -> pd.DataFrame:
        """Returns the forecast of the steps after `model_input`, as `Loaded.forecast` does.

        Args:
            model_input: timestamp and one column a channel, in the order of time.
            params: not used.
        """
        history = from_table(model_input, self._loaded.forecaster)
        return self._loaded.forecast(history)


def _load_pyfunc(path: str) -> RawHistoryModel:
    trusted = [package for package in os.environ.get(TRUST, "").split(",") if package]
    return RawHistoryModel(LoadedForecaster(Forecaster.read(Path(path)), trusted))
