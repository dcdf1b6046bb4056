"""The table and the figure of an ensemble's forecasts. N forecast origins, H horizon."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datasets import Series
from search.baselines.scoring import Baseline, Targets
from search.config.schema import Task
from search.engine.artifacts import predictions_table
from search.plots import style
from search.plots.trial.forecast import forecast
from search.trial.data import folds_of, visible


def pictures(
    forecasts: Sequence[NDArray[np.float64]],
    targets: Targets,
    series: Series,
    task: Task,
    best: Baseline,
    label: str,
) -> dict[str, bytes]:
    """Returns predictions.csv of all folds, and forecast.png of the last one.

    Args:
        forecasts: forecasts [N, H] of each fold.
        targets: targets of these forecasts.
        series: series of the study.
        task: task of the study.
        best: baseline to draw beside them.
        label: name of the ensemble.
    """

    def tables(of: Sequence[NDArray[np.float64]]) -> list[pd.DataFrame]:
        folds = folds_of(series, task, targets.block)
        return [
            predictions_table(series, task, *part)
            for part in zip(folds, targets.actual, of, strict=True)
        ]

    ours = tables(forecasts)
    figure = forecast(
        ours[-1],
        baselines={best.name: tables(best.forecasts)[-1]},
        unit=series.unit,
        title=f"Forecast of the {targets.block} block · {series.name} · ensemble, {label}",
        season=visible(series, task).season,
    )
    table = pd.concat(ours).to_csv(
        index=False, float_format="%.10g", date_format="%Y-%m-%dT%H:%M:%S"
    )
    return {"predictions.csv": table.encode(), "forecast.png": style.to_png(figure)}
