"""Loads a registered model for MLflow, for example for `mlflow models serve`.

The data are a folder with .keras files and a JSON file, without pickles; Sweepcast must be
installed. The environment variable SWEEPCAST_TRUST lists the packages, separated by commas, whose
layers the model may contain besides Keras' own. MLflow passes no options to a loader.
"""

import os
from pathlib import Path
from typing import Any

import pandas as pd

from search.serving.ensemble import LoadedEnsemble
from search.serving.forecaster import LoadedForecaster
from search.serving.inputs import from_table
from search.serving.loading import load_forecaster, read_forecaster

TRUST = "SWEEPCAST_TRUST"


class RawHistoryModel:
    """The model that MLflow serves: raw history in, forecast out."""

    def __init__(self, loaded: LoadedForecaster | LoadedEnsemble) -> None:
        self._loaded = loaded

    def predict(
        self,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002  # MLflow's signature
    ) -> pd.DataFrame:
        """Returns the forecast of the steps after `model_input`, like `LoadedForecaster.forecast`.

        Args:
            model_input: timestamp and one column per channel, in chronological order.
            params: not used.
        """
        history = from_table(model_input, self._loaded.forecaster)
        return self._loaded.forecast(history)


def _load_pyfunc(path: str) -> RawHistoryModel:
    trusted = [package for package in os.environ.get(TRUST, "").split(",") if package]
    return RawHistoryModel(load_forecaster(read_forecaster(Path(path)), trusted))
