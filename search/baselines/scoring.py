"""Scores baselines on the targets of a study's trials."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets import Series
from models.baselines import Forecast, Problem, baselines
from search.config.schema import Task
from search.trial.data import VALIDATION, folds_of, problem, targets, visible
from search.trial.scores import losses, scores, seasonal_naive_error, skill

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Baseline:
    """A baseline with its scores, averaged over the folds. N origins, H horizon.

    Attributes:
        mae: mean absolute error, in the series' units.
        metrics: all metrics by their MLflow names, including the MAE.
        forecasts: forecasts of each fold [N, H].
        losses: sum of the absolute errors at each origin of all folds.
        settings: values fitted in the last fold, e.g. the lag count.
        parameters: everything fitted in the last fold, for `models.baselines.stored`.
    """

    name: str
    mae: float
    metrics: dict[str, float]
    forecasts: tuple[Array, ...]
    losses: Array
    settings: dict[str, int | float | str]
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def forecast(self) -> Array:
        """Forecasts of the last fold [N, H]."""
        return self.forecasts[-1]


@dataclass(frozen=True, eq=False)
class Targets:
    """The data that baselines are fitted to and scored on, fold by fold. N origins, H horizon.

    Attributes:
        block: block that the targets belong to.
        problems: one problem per fold; its training part contains none of its targets.
        actual: readings of each fold's targets [N, H]; NaN where one is missing.
        seasonal_errors: in-sample MAE of the seasonal naive forecast of each training part.
    """

    block: str
    problems: Sequence[Problem]
    actual: Sequence[Array]
    seasonal_errors: Sequence[float]

    @classmethod
    def of(cls, series: Series, task: Task, block: str = VALIDATION) -> "Targets":
        """Returns the targets of a block, which are the same for every trial.

        Raises:
            ValueError: the parts of the series do not fit together.
        """
        seen, folds = visible(series, task, block), folds_of(series, task, block)
        problems = [problem(seen, fold, task) for fold in folds]
        return cls(
            block,
            problems,
            [seen.readings[targets(one.origins, task.horizon)] for one in problems],
            [seasonal_naive_error(seen.readings[: f.train_stop], seen.season) for f in folds],
        )

    def score(self, forecasts: Sequence[Forecast]) -> Baseline:
        """Returns a baseline, without its skill, from its forecasts of each fold."""
        by_fold = [
            scores(actual, forecast.predictions, error)
            for forecast, actual, error in zip(
                forecasts, self.actual, self.seasonal_errors, strict=True
            )
        ]
        means = {key: float(np.mean([fold[key] for fold in by_fold])) for key in by_fold[-1]}
        if len(by_fold) > 1:
            means |= {f"fold_{number}/mae": fold["mae"] for number, fold in enumerate(by_fold)}
        return Baseline(
            name=forecasts[-1].name,
            mae=means["mae"],
            metrics={f"{self.block}/{key}": value for key, value in means.items()},
            forecasts=tuple(forecast.predictions for forecast in forecasts),
            losses=np.concatenate(
                [
                    losses(actual, [forecast.predictions])
                    for forecast, actual in zip(forecasts, self.actual, strict=True)
                ]
            ),
            settings=forecasts[-1].settings,
            parameters=forecasts[-1].parameters,
        )


def score_baselines(series: Series, task: Task, block: str = VALIDATION) -> list[Baseline]:
    """Returns the quick baselines, best first. Lag counts are chosen on the validation block.

    Raises:
        ValueError: the baselines cannot be fitted to the series.
    """
    posed = Targets.of(series, task, block)
    tune = Targets.of(series, task).problems[-1] if block != VALIDATION else None
    by_fold = [{f.name: f for f in baselines(one, tune=tune)} for one in posed.problems]
    names = [name for name in by_fold[-1] if all(name in fold for fold in by_fold)]
    return ranked((posed.score([fold[name] for fold in by_fold]) for name in names), block)


def ranked(
    found: Iterable[Baseline], block: str = VALIDATION, *, against: str | None = None
) -> list[Baseline]:
    """Returns baselines, best first, each with its skill.

    Args:
        found: the baselines.
        block: block that they are scored on.
        against: name of the baseline that the skill is relative to; None uses the best one.
    """
    ordered = sorted(found, key=lambda baseline: baseline.mae)
    reference = next((one.mae for one in ordered if one.name == against), ordered[0].mae)
    return [
        replace(one, metrics=one.metrics | {f"{block}/skill": skill(one.mae, reference)})
        for one in ordered
    ]
