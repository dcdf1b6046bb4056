"""Scores the baselines of a study on the same targets as its trials."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets import Series
from models.baselines import baselines
from search.config.schema import Task
from search.trial.data import TEST, VALIDATION, folds_of, problem, targets, visible
from search.trial.result import Result
from search.trial.scores import scores, seasonal_naive_error, skill, skill_interval

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Baseline:
    """A baseline with its scores, averaged over the folds. N origins, H horizon.

    Attributes:
        mae: mean absolute error, in the series' units.
        metrics: all metrics by their MLflow names, including the MAE.
        forecasts: forecasts of each fold [N, H].
        settings: values fitted in the last fold, e.g. the lag count.
    """

    name: str
    mae: float
    metrics: dict[str, float]
    forecasts: tuple[Array, ...]
    settings: dict[str, int | float | str]

    @property
    def forecast(self) -> Array:
        """Forecasts of the last fold [N, H]."""
        return self.forecasts[-1]


def score_baselines(series: Series, task: Task, block: str = VALIDATION) -> list[Baseline]:
    """Returns the baselines, best first. Their lag counts are chosen on the validation block.

    Raises:
        ValueError: the baselines cannot be fitted to the series.
    """
    seen, folds = visible(series, task, block), folds_of(series, task, block)
    tune = problem(seen, folds_of(series, task)[-1], task) if block == TEST else None
    by_fold = []
    for fold in folds:
        posed = problem(seen, fold, task)
        actual = seen.readings[targets(posed.origins, task.horizon)]
        scale = seasonal_naive_error(seen.readings[: fold.train_stop], seen.season)
        by_fold.append(
            {f.name: (f, scores(actual, f.predictions, scale)) for f in baselines(posed, tune=tune)}
        )
    names = [name for name in by_fold[-1] if all(name in fold for fold in by_fold)]
    means = {
        name: {
            key: float(np.mean([fold[name][1][key] for fold in by_fold]))
            for key in by_fold[-1][name][1]
        }
        for name in names
    }
    best = min(mean["mae"] for mean in means.values())
    found = [
        Baseline(
            name=name,
            mae=means[name]["mae"],
            metrics={f"{block}/{key}": value for key, value in means[name].items()}
            | {f"{block}/skill": skill(means[name]["mae"], best)},
            forecasts=tuple(fold[name][0].predictions for fold in by_fold),
            settings=by_fold[-1][name][0].settings,
        )
        for name in names
    ]
    return sorted(found, key=lambda baseline: baseline.mae)


def skill_ends(result: Result, baseline: Baseline) -> dict[str, float]:
    """Returns the ends of the 95 % confidence interval of a result's skill, as metrics.

    The folds follow each other in time, so their targets are resampled as one series.
    """
    by_fold = {
        fold: [e for e in result.executions if e.fold == fold]
        for fold in range(len(baseline.forecasts))
    }
    seeds = zip(*by_fold.values(), strict=True)
    low, high = skill_interval(
        np.concatenate([executions[0].actual for executions in by_fold.values()]),
        [np.concatenate([execution.forecast for execution in folds]) for folds in seeds],
        np.concatenate(baseline.forecasts),
    )
    return {f"{result.block}/skill_low": low, f"{result.block}/skill_high": high}
