"""The notation of spaces: its four forms, and why other input is rejected."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from search.config.schema import Config
from search.errors import BadInput
from search.space.conditions import Clause
from search.space.notation import parse_space
from search.space.space import Choice, Range, Space


@pytest.fixture
def parse(default_config: Config) -> Any:
    """Returns a parser of spaces over the default configuration, which has no dense layers."""

    def parsed(space: dict[str, Any], **model: Any) -> Space:
        config = replace(default_config, model={**default_config.model, **model})
        return parse_space(replace(config, space=space))

    return parsed


def leaf(path: str, value: Any) -> dict[str, Any]:
    for part in reversed(path.split(".")):
        value = {part: value}
    return value


@pytest.mark.parametrize(
    ("path", "written", "parsed"),
    [
        ("training.epochs", [5, 9], Choice("training.epochs", (5, 9))),
        ("training.patience", [None, 3], Choice("training.patience", (None, 3))),
        ("training.loss", {"choices": ["mse"]}, Choice("training.loss", ("mse",))),
        ("transform.difference", [True, False], Choice("transform.difference", (True, False))),
        ("training.epochs", {"low": 5, "high": 9}, Range("training.epochs", 5, 9)),
        (
            "training.epochs",
            {"low": 1, "high": 100, "log": True},
            Range("training.epochs", 1, 100, log=True),
        ),
        (
            "training.epochs",
            {"low": 1, "high": 9, "step": 3},
            Range("training.epochs", 1, 7, 3),
        ),
        (
            "training.momentum",
            {"low": 0, "high": 0.95, "step": 0.3},
            Range("training.momentum", 0.0, 0.9, 0.3),
        ),
        (
            "training.learning_rate",
            {"low": 1e-4, "high": 0.1, "log": True, "step": None},
            Range("training.learning_rate", 1e-4, 0.1, log=True),
        ),
        (
            "training.momentum",
            {"choices": [0.0, 0.9], "when": {"training.optimizer": "sgd"}},
            Choice("training.momentum", (0.0, 0.9), (Clause("training.optimizer", "==", "sgd"),)),
        ),
    ],
)
def test_each_form_of_a_leaf(parse: Any, path: str, written: Any, parsed: Any) -> None:
    found = parse(leaf(path, written))
    assert found.parameters == (parsed,)
    kinds = [type(v) for v in parsed.values() or (parsed.low, parsed.high)]
    assert [type(v) for v in found.parameters[0].values() or (parsed.low, parsed.high)] == kinds


def test_a_scalar_is_pinned_and_not_searched(parse: Any) -> None:
    found = parse({"training": {"epochs": 7, "loss": ["mse", "mae"]}})
    assert found.pins == {"training.epochs": 7}
    assert [p.name for p in found.parameters] == ["training.loss"]


def test_an_empty_space_has_one_point(parse: Any) -> None:
    assert list(parse({}).points()) == [{}]


def test_a_condition_may_precede_the_parameter_that_it_names(parse: Any) -> None:
    found = parse(
        {
            "training": {
                "momentum": {"choices": [0.9], "when": {"training.optimizer": "sgd"}},
                "optimizer": ["sgd", "adam"],
            }
        }
    )
    assert [p.name for p in found.parameters] == ["training.optimizer", "training.momentum"]
    assert len(list(found.points())) == 2


def test_a_block_without_layers_has_no_active_parameters(parse: Any) -> None:
    block = {"recurrent": {"layers": {"low": 0, "high": 1}, "units": [8, 16]}}
    points = list(parse({"model": block}).points())
    assert points == [
        {"model.recurrent.layers": 0},
        {"model.recurrent.layers": 1, "model.recurrent.units": 8},
        {"model.recurrent.layers": 1, "model.recurrent.units": 16},
    ]


@pytest.mark.parametrize(
    ("configured", "pinned", "drawn"),
    [(0, None, False), (2, None, True), (0, 1, True), (2, 0, False)],
)
def test_configured_or_pinned_layers_switch_a_block_on_or_off(
    parse: Any, default_config: Config, configured: int, pinned: int | None, drawn: bool
) -> None:
    pin = {} if pinned is None else {"layers": pinned}
    dense = {**default_config.model["dense"], "layers": configured}
    found = parse({"model": {"dense": {"units": [8, 16], **pin}}}, dense=dense)
    assert found.never(found.parameters[0]) is not drawn
    assert len(list(found.points())) == (2 if drawn else 1)


def test_conditions_may_name_configured_or_pinned_keys(parse: Any) -> None:
    on_gru = {"choices": [8, 16], "when": {"model.recurrent.cell": "gru"}}
    assert len(list(parse({"training": {"batch_size": on_gru}}).points())) == 2
    pinned = {"training": {"batch_size": on_gru}, "model": {"recurrent": {"cell": "lstm"}}}
    assert list(parse(pinned).points()) == [{}]


@pytest.mark.parametrize(
    ("path", "written", "text"),
    [
        # form
        ("training.epochs", [], "has the choices []"),
        ("training.epochs", {"choices": 5}, "has the choices 5"),
        ("training.epochs", [1, 2, 1], "has the value 1 twice"),
        ("training.momentum", [0.5, 0.5], "has the value 0.5 twice"),
        ("training.epochs", [[1], [2]], "has the value [1]"),
        ("training.epochs", {"low": 1}, "has no high"),
        ("training.epochs", {"high": 1}, "has no low"),
        ("training.epochs", {"low": 9, "high": 1}, "low 9 above high 1: swap them"),
        ("training.epochs", {"low": "a", "high": 1}, ".low is 'a'"),
        ("training.epochs", {"low": True, "high": 3}, ".low is True"),
        ("training.momentum", {"low": 0.0, "high": float("inf")}, ".high is inf"),
        ("training.momentum", {"low": float("nan"), "high": 1.0}, ".low is nan"),
        ("training.epochs", {"low": 1, "high": 9, "step": 0}, ".step is 0"),
        ("training.epochs", {"low": 1, "high": 9, "step": -2}, ".step is -2"),
        ("training.epochs", {"low": 1, "high": 9, "step": 2, "log": True}, "both step and log"),
        ("training.momentum", {"low": 0.0, "high": 0.9, "log": True}, "log scale from 0.0"),
        ("training.epochs", {"low": 1, "high": 9, "log": "yes"}, ".log is 'yes'"),
        ("training.epochs", {"low": 1, "hihg": 9}, "did you mean 'high'?"),
        ("training.epochs", {"low": 1, "high": 9, "choices": [3]}, "mixes choices with a range"),
        # name
        ("training.epoch", [1, 2], "did you mean 'training.epochs'?"),
        ("training", [1, 2], "is not a configuration key"),
        ("nothing", 3, "is not a configuration key"),
        ("study.seed", [1, 2], "is not a configuration key that can be searched"),
        ("dataset.column", ["wind"], "is not a configuration key that can be searched"),
        ("engine.workers", [1, 2], "is not a configuration key that can be searched"),
        ("model._target_", ["a.b"], "is not a configuration key that can be searched"),
        ("model.name", ["a", "b"], "is not a configuration key that can be searched"),
        ("task.test", [10, 20], "cannot be searched: the scored targets would differ"),
        ("task.validation", 10, "cannot be searched: the scored targets would differ"),
        ("task.horizon", [1, 2], "cannot be searched: the scored targets would differ"),
        ("task.season", [7, 12], "cannot be searched: MASE"),
        # type and value
        ("training.epochs", ["many"], "has the value 'many'"),
        ("training.epochs", [1.5], "has the value 1.5"),
        ("training.epochs", {"low": 1.5, "high": 3}, "has the value 1.5"),
        ("training.epochs", [True], "has the value True"),
        ("training.epochs", None, "has the value None"),
        ("training.epochs", {"low": 0, "high": 3}, "has the value 0"),
        ("training.optimizer", ["sgd", "admm"], "did you mean 'adam'?"),
        ("training.loss", {"low": 1, "high": 2}, "has the value 1"),
        ("transform.difference", [0, 1], "has the value 0"),
        ("model.conv.filters", [32, 0], "has the value 0"),
        ("model.head", ["flat"], "did you mean 'flatten'?"),
        # conditions
        ("training.loss", {"choices": ["mse"], "when": {}}, "expected a mapping"),
        ("training.loss", {"choices": ["mse"], "when": "sgd"}, "expected a mapping"),
        (
            "training.loss",
            {"choices": ["mse"], "when": {"training.optimiser": "sgd"}},
            "did you mean 'training.optimizer'?",
        ),
        (
            "training.loss",
            {"choices": ["mse"], "when": {"training.loss": "mse"}},
            "cycle: training.loss → training.loss",
        ),
    ],
)
def test_an_invalid_leaf_is_rejected_with_a_reason(
    parse: Any, path: str, written: Any, text: str
) -> None:
    with pytest.raises(BadInput) as caught:
        parse(leaf(path, written))
    message = str(caught.value)
    assert text in message
    assert f"space.{path}" in message or "cycle" in message
    assert len(message.splitlines()) <= 3


def test_the_keys_of_a_cycle_are_listed_in_order(parse: Any) -> None:
    with pytest.raises(BadInput, match="form a cycle") as caught:
        parse(
            {
                "training": {
                    "loss": {"choices": ["mse"], "when": {"training.optimizer": "sgd"}},
                    "optimizer": {"choices": ["sgd"], "when": {"training.batch_size": 8}},
                    "batch_size": {"choices": [8], "when": {"training.loss": "mse"}},
                }
            }
        )
    cycle = str(caught.value).splitlines()[0].partition(": ")[2].split(" → ")
    assert cycle[0] == cycle[-1]
    steps = set(pairwise(cycle))
    assert steps == {
        ("training.loss", "training.optimizer"),
        ("training.optimizer", "training.batch_size"),
        ("training.batch_size", "training.loss"),
    }
