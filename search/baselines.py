"""Scores the baselines of a study on the targets of its trials."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.split import Fold
from models.baselines import baselines
from search.config import Task
from search.data import Visible, problem, targets
from search.scores import scores, seasonal_naive_error, skill


@dataclass(frozen=True, eq=False)
class Baseline:
    """A baseline and its scores: means over the folds, in the series' units.

    Attributes:
        forecast: of the last fold [N, H].
        settings: what it learnt there, e.g. its lag count.
    """

    name: str
    metrics: dict[str, float]
    forecast: NDArray[np.float64]
    settings: dict[str, int | float | str]

    @property
    def mae(self) -> float:
        """The score."""
        return self.metrics["validation/mae"]


def score_baselines(seen: Visible, folds: tuple[Fold, ...], task: Task) -> list[Baseline]:
    """Returns the baselines, best first."""
    by_fold = []
    for fold in folds:
        posed = problem(seen, fold, task)
        actual = seen.readings[targets(posed.origins, task.horizon)]
        scale = seasonal_naive_error(seen.readings[: fold.train_stop], seen.season)
        by_fold.append(
            {f.name: (f, scores(actual, f.predictions, scale)) for f in baselines(posed)}
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
            metrics={f"validation/{key}": value for key, value in means[name].items()}
            | {"validation/skill": skill(means[name]["mae"], best)},
            forecast=by_fold[-1][name][0].predictions,
            settings=by_fold[-1][name][0].settings,
        )
        for name in names
    ]
    return sorted(found, key=lambda baseline: baseline.mae)
