import numpy as np
import pytest
from sklearn.linear_model import Ridge

from models.baselines import ridge
from models.ridge import fit_ridge
from tests.models.test_baselines import make_problem


def rows(count=120, features=5, targets=2, noise=0.5, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(3, 2, (count, features))
    y = x @ rng.normal(size=(features, targets)) + 7 + noise * rng.normal(size=(count, targets))
    return x, y


def test_a_fit_is_that_of_scikit_learn_with_the_chosen_penalty():
    x, y = rows()
    ours = fit_ridge(x.copy(), y)
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    theirs = Ridge(ours.penalty * len(x)).fit(standard, y)
    np.testing.assert_allclose(ours.apply(x), theirs.predict(standard), atol=1e-9)


def test_the_penalty_grows_with_the_noise():
    quiet, loud = (fit_ridge(*rows(count=60, features=20, noise=n)).penalty for n in (0.01, 50))
    assert quiet < loud


@pytest.mark.parametrize("count", [2, 3, 7])
def test_constant_and_repeated_features_and_few_rows_have_a_finite_fit(count):
    x, y = rows(count=count)
    x[:, 0], x[:, 1] = 4.0, x[:, 2]
    assert np.isfinite(fit_ridge(x.copy(), y).apply(x)).all()


def test_a_second_season_is_found():
    rng = np.random.default_rng(0)
    steps = np.arange(24 * 60)
    values = 5 * np.sin(steps * 2 * np.pi / 24) + 3 * (steps % 168 < 48) + rng.normal(0, 0.1, 1440)
    fields = {"train_stop": 1000, "origins": range(1000, 1400), "horizon": 24, "season": 24}
    both, one = (
        make_problem(values, unit="h", seasons=seasons, **fields) for seasons in ((24, 168), (24,))
    )
    errors = [
        np.abs(ridge(problem).predictions - values[problem.targets]).mean()
        for problem in (both, one)
    ]
    assert errors[0] < 0.5 * errors[1]
    assert ridge(both).settings["seasons"] == "24 168"


def test_further_inputs_are_used():
    rng = np.random.default_rng(0)
    cause = rng.normal(size=400)
    values = np.concatenate([[0.0], cause[:-1]]) + 0.01 * rng.normal(size=400)
    fields = {"train_stop": 300, "origins": range(300, 390), "season": 1}
    informed = make_problem(values, inputs=cause[:, None], **fields)
    alone = make_problem(values, **fields)
    errors = [
        np.abs(ridge(problem).predictions - values[problem.targets]).mean()
        for problem in (informed, alone)
    ]
    assert errors[0] < 0.1 * errors[1]
