"""A model with `model.skip=ridge` starts at a linear model that never sees what it is scored on."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from search.config.dotted import with_values
from search.config.schema import Config, from_plain
from search.config.validation import validated
from search.trial.data import fold_data, folds_of, load_series, visible
from search.trial.model import build_model, seeded
from search.trial.trial import Plan, run_trial

LEVERS: tuple[dict[str, Any], ...] = (
    {},
    {"transform.relative": True, "transform.difference": True, "transform.calendar": 2},
    {"transform.seasonal_difference": True, "task.horizon": 3},
)


@pytest.fixture
def configured(composed: Callable[..., Any], short: tuple[str, ...]) -> Callable[..., Config]:
    """Returns a function that composes a model that starts as a ridge regression."""

    def made(model: str, levers: dict[str, Any]) -> Config:
        small = ("model.conv.filters=4", "model.recurrent.units=4", "model.skip=ridge")
        config = validated(composed(f"model={model}", *small, *short))
        return from_plain(with_values(config.plain(), levers))

    return made


@pytest.mark.parametrize("levers", LEVERS, ids=lambda levers: " ".join(levers) or "plain")
@pytest.mark.parametrize("model", ["dense", "conv", "recurrent", "conv_recurrent"])
def test_the_start_depends_on_the_training_part_alone(
    configured: Callable[..., Config], model: str, levers: dict[str, Any]
) -> None:
    config = configured(model, levers)
    series = load_series(config.dataset)
    (fold,) = folds_of(series, config.task)
    poisoned = series.values.copy()
    poisoned[fold.train_stop :] = 1e6
    starts = []
    for values in (series.values, poisoned):
        seen = visible(replace(series, values=values), config.task)
        data = fold_data(seen, fold, config)
        with seeded(1):
            starts.append((build_model(config, data), data))
    (ours, data), (theirs, _) = starts
    assert all(
        (a == b).all() for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True)
    )
    # The blocks add nothing yet, and the linear model is better than the mean of the targets.
    errors = np.asarray(ours(data.train.x)) - data.train.y
    assert (errors**2).mean() < data.train.y.var()


def test_a_tiny_learning_rate_leaves_every_model_at_the_same_score(
    configured: Callable[..., Config],
) -> None:
    scores = []
    for model in ("dense", "recurrent"):
        config = configured(model, {"training.learning_rate": 1e-12, "training.epochs": 1})
        digest = load_series(config.dataset).digest
        plan = Plan(0, config.plain(), {}, 1, digest, (), 1.0, prunable=False, title="trial")
        result = run_trial(plan, lambda _: None)
        assert result.reason == ""
        scores.append(result.metrics(1.0)["validation/mae"])
    assert scores[0] == pytest.approx(scores[1], rel=1e-5)
