"""Compiling, reusing and shuffling a model must not change what it learns."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from datasets.windows import cut
from models.recurrent import Recurrent, recurrent_block
from search.config.dotted import with_values
from search.config.validation import validated
from search.trial.compilation import COMPILATIONS, unrolled
from search.trial.compilation import compilation as compilation_of
from search.trial.data import load_series
from search.trial.trial import Plan, Progress, run_trial


@pytest.fixture(scope="module")
def plan(composed: Callable[..., Any], short: tuple[str, ...]) -> Callable[..., Plan]:
    """Returns a function that makes the plan of a recurrent model with the given values."""
    config = validated(composed("model=recurrent", "space=[]", *short))

    def made(values: dict[str, Any]) -> Plan:
        digest = load_series(config.dataset).digest
        plain = with_values(config.plain(), values)
        return Plan(0, plain, {}, 11, digest, (), 2.0, prunable=False, title="")

    return made


def silent(progress: Progress) -> None:
    return None


@pytest.mark.parametrize("compilation", COMPILATIONS)
def test_a_reused_model_trains_like_a_new_one(plan: Callable[..., Plan], compilation: str) -> None:
    """The code compiled for one execution is reused for the next and gives the same bits."""
    block = {"cell": "simple_rnn", "units": 3, "dropout": 0.3, "recurrent_dropout": 0.3}
    values = {f"model.recurrent.{key}": value for key, value in block.items()}
    values |= {"training.epochs": 2, "training.optimizer": "adam", "study.executions": 2}
    both = replace(plan(values), compilation=compilation)
    result = run_trial(both, silent)
    alone = run_trial(replace(both, execution=1), silent)
    assert (result.state, result.reason, result.trace) == ("complete", "", "")
    assert result.compilation == alone.compilation == compilation
    second = [execution for execution in result.executions if execution.execution == 1]
    assert [e.weights for e in second] == [e.weights for e in alone.executions]
    assert [e.curve for e in second] == [e.curve for e in alone.executions]
    assert len({e.weights for e in result.executions}) == len(result.executions)


@pytest.mark.parametrize(
    ("cell", "window_size", "steps", "expected"),
    [
        (None, 12, 100_000, "loop"),
        ("gru", 12, 499, "loop"),
        ("gru", 12, 100_000, "xla"),
        ("simple_rnn", 12, 3999, "xla"),
        ("simple_rnn", 12, 4000, "unrolled"),
        ("simple_rnn", 65, 4000, "xla"),
    ],
)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_compilation_depends_on_model_window_size_and_steps(
    cell: str | None, window_size: int, steps: int, expected: str, *, bidirectional: bool
) -> None:
    import keras

    recurrent = Recurrent(1 if cell else 0, cell or "gru", 2, bidirectional=bidirectional)
    window = keras.Input((window_size, 1))
    model = keras.Model(window, recurrent_block(window, recurrent, sequences=True))
    assert compilation_of(model, window_size=window_size, steps=steps) == expected
    nested = keras.Sequential([window, model])
    assert compilation_of(nested, window_size=window_size, steps=steps) == expected


def test_layers_are_unrolled_only_within_the_context() -> None:
    import keras

    window = keras.Input((4, 1))
    options = Recurrent(2, "simple_rnn", 2, bidirectional=True)
    model = keras.Model(window, recurrent_block(window, options, sequences=True))
    layers = [
        one for layer in model.layers[1:] for one in (layer.forward_layer, layer.backward_layer)
    ]
    with unrolled(model):
        assert [layer.unroll for layer in layers] == [True] * 4
    assert [layer.unroll for layer in layers] == [False] * 4


def test_the_order_of_windows_depends_on_the_epoch_number() -> None:
    from search.trial.epochs import epochs_of

    windows = cut(
        np.zeros((20, 1), np.float32),
        np.zeros(20),
        np.ones(20, dtype=bool),
        window_size=3,
        horizon=1,
        start=0,
        stop=20,
    )
    whole = [order.numpy() for order, _ in epochs_of(windows, seed=5, first=0).take(4)]
    resumed = [order.numpy() for order, _ in epochs_of(windows, seed=5, first=2).take(2)]
    assert np.array_equal(whole[2:], resumed)
    assert {tuple(sorted(order)) for order in whole} == {tuple(range(17))}
    assert len({tuple(order) for order in whole}) == 4
