"""Good guesses are points of the space, adapted to it or dropped."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from search.config.schema import Config
from search.config.validation import validated
from search.space.notation import parse_space
from search.study.defaults.guesses import guesses, suited
from search.study.defaults.resolution import resolved
from search.study.defaults.windows import reaching_window
from search.study.first_points import completed
from search.trial.data import load_series

SKIP = "model.skip"


@pytest.fixture
def guessed(composed: Callable[..., Config]) -> Callable[..., list[dict[str, Any]]]:
    """Returns the guesses of a study, and checks that they are points of its space."""

    def made(*words: str) -> list[dict[str, Any]]:
        config = validated(composed(*words))
        config = resolved(config, load_series(config.dataset))
        space = parse_space(config)
        found = guesses(config, space, suited(load_series(config.dataset), config.task))
        for point in found:
            assert completed(point, space, {}) == point
        return found

    return made


def test_the_default_study_starts_with_four_guesses(guessed: Any, composed: Any) -> None:
    assert composed().study.enqueue == "auto"
    linear, on_ridge, convolution, alone = guessed()
    assert [p[SKIP] for p in (linear, on_ridge, convolution, alone)] == ["ridge"] * 3 + ["none"]
    assert (linear["model.conv.layers"], linear["model.recurrent.layers"]) == (0, 0)
    assert on_ridge["model.recurrent.cell"] == alone["model.recurrent.cell"] == "gru"
    assert (convolution["model.conv.layers"], convolution["model.recurrent.layers"]) == (1, 0)
    for point in (linear, on_ridge, convolution, alone):
        assert point["task.window_size"] == 28
        assert point["transform.relative"]
        assert point["transform.difference"]


def test_values_outside_the_space_are_replaced_by_the_nearest(guessed: Any) -> None:
    points = guessed(
        *("space.task.window_size=[5,9]", "space.transform.calendar={low: 0, high: 1}"),
        *("space.model.recurrent.units=[48,64]", "space.training.optimizer=[sgd,rmsprop]"),
        "space.training.learning_rate={low: 2e-3, high: 1e-2, log: true}",
    )
    assert len(points) == 4
    for point in points:
        assert (point["task.window_size"], point["transform.calendar"]) == (9, 1)
        assert point["training.optimizer"] == "sgd"
        assert point["training.learning_rate"] >= 2e-3
        assert point.get("model.recurrent.units", 48) == 48


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["space.model.skip=[ridge]"], 3),
        (["space.model.skip=none"], 1),
        (["space.model.conv.layers={low: 1, high: 2}"], 1),
        (["model=dense", "space=[dense,levers]"], 1),
        (["space=[conv1d,recurrent,dropout,window,optimizer]"], 0),
        (["~space.transform.difference"], 0),
        (["space=[]"], 0),
    ],
)
def test_a_guess_that_the_space_does_not_have_is_dropped(
    guessed: Any, words: list[str], count: int
) -> None:
    assert len(guessed(*words)) == count


def test_windows_of_guesses_reach_over_the_longest_short_season() -> None:
    assert reaching_window("h", (24, 168), 1000) == 168
    assert reaching_window("D", (365, 7), 1000) == 28
    assert reaching_window("MS", (12,), 1000) == 24
    assert reaching_window("W-SUN", (52,), 1000) == 52
    assert reaching_window("W-SUN", (52,), 73) == 13, "a third of the training part"
    assert reaching_window("h", (24, 168), 500) == 48
    assert reaching_window("QS-JAN", (4,), 48) == 16


def test_only_the_fragment_of_levers_changes_the_training(composed: Callable[..., Config]) -> None:
    default, plain = composed(), composed("space=[conv1d,recurrent,dropout,window,optimizer]")
    assert (default.training.schedule, default.training.clipnorm) == ("cosine", 1.0)
    assert (plain.training.schedule, plain.training.epochs) == ("constant", 100)
    assert plain.study.enqueue == []
    given = composed("training.schedule=constant", "study.enqueue=[]", "training.epochs=7")
    assert (given.training.schedule, given.training.epochs) == ("constant", 7)
    assert given.study.enqueue == []
    assert replace(given, study=default.study).space == default.space
