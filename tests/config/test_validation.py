"""Rules for configuration keys: their limits, and that each one belongs to an existing key."""

from dataclasses import replace
from typing import Any

import pytest

from search.config.dotted import flatten, with_values
from search.config.schema import Config, from_plain
from search.config.validation import (
    RULES,
    AtLeast,
    Between,
    Memory,
    Objectives,
    OneOf,
    Points,
    Seasons,
    Share,
    Steps,
    check_value,
    validated,
)
from search.errors import BadInput


def test_every_rule_belongs_to_a_configuration_key(default_config: Config) -> None:
    assert RULES.keys() <= flatten(default_config.plain()).keys()


@pytest.mark.parametrize(
    ("rule", "valid", "invalid"),
    [
        (AtLeast(1), [1, 2, 10**9, None], [0, -1, True, "1", float("nan"), float("inf")]),
        (Steps(1), [1, 10**9, "auto"], [0, -1, True, "1", 1.5, None, "Auto"]),
        (AtLeast(0), [0, 0.5, None], [-0.1, False]),
        (AtLeast(0, open=True), [1e-9, 1], [0, 0.0, -1, "x"]),
        (Share(), [0, 0.0, 0.999], [1, 1.0, -0.1, float("nan")]),
        (OneOf(("all", "none")), ["all"], ["al", "", None, 1]),
        (Between(0, 100), [0, 50.5, 100, None], [-1, 101, float("nan")]),
        (Objectives("a", ("b",)), ["a", ["a"], ["a", "b"]], ["b", [], ["b", "a"], ["a", "a"], "c"]),
        (Memory(), ["auto", "0", "4GB", "512 MiB", "2.5g", "1000000"], ["lots", "-5", "", "4XB"]),
    ],
)
def test_valid_and_invalid_values(rule: Any, valid: list[Any], invalid: list[Any]) -> None:
    assert [value for value in valid if rule.check(value) is not None] == []
    assert [value for value in invalid if rule.check(value) is None] == []


def test_an_error_names_the_key_the_value_and_what_was_expected() -> None:
    with pytest.raises(BadInput, match=r"^a\.b is 0: expected a number of at least 1$"):
        check_value("a.b", 0, AtLeast(1))
    with pytest.raises(BadInput, match=r"^a\.b is 0: expected a number above 0$"):
        check_value("a.b", 0, AtLeast(0, open=True))
    with pytest.raises(BadInput, match=r"a\.b is 'flat': did you mean 'flatten'\? possible: flat"):
        check_value("a.b", "flat", OneOf(("last", "flatten")))


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_rule_is_enforced(default_config: Config, name: str) -> None:
    rule = RULES[name]
    no = "no such option"
    values = {
        AtLeast: -1,
        Steps: -1,
        Share: 1,
        OneOf: no,
        Objectives: no,
        Memory: "lots",
        Points: no,
    }
    wrong = [0] if isinstance(rule, Seasons) else values[type(rule)]
    config = from_plain(with_values(default_config.plain(), {name: wrong}))
    with pytest.raises(BadInput) as caught:
        validated(config)
    assert str(caught.value).startswith(f"{name} is {wrong!r}")


def test_builder_options_get_their_defaults(default_config: Config) -> None:
    bare = {"_target_": "search.pruners.median"}
    completed = validated(replace(default_config, pruner=bare)).pruner
    assert completed == {
        **bare,
        "name": "median",
        "n_startup_trials": 5,
        "warmup": 10,
        "interval": 1,
    }


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("dataset.colum", "wind", r"dataset\.colum is not an option of datasets\.seattle\.seattle"),
        ("model.conv.filter", 3, r"model\.conv\.filter is not an option of .*\n.*'filters'"),
        ("model.conv.filters", "a", r"model\.conv\.filters: .*'a'"),
        ("model.conv.filters", 0, r"model\.conv\.filters is 0"),
        ("model.conv.activation", "reluu", r"model\.conv\.activation is 'reluu'.*'relu'"),
        ("model.recurrent.dropout", 1.0, r"model\.recurrent\.dropout is 1\.0"),
        ("dataset.max_gap", "x", r"dataset\.max_gap is 'x': expected a number"),
        ("pruner.warmup", "long", r"pruner\.warmup: .*'long'"),
        ("backend.name", None, None),
    ],
)
def test_builder_options_are_checked_by_the_signature(
    default_config: Config, name: str, value: Any, text: str | None
) -> None:
    config = from_plain(with_values(default_config.plain(), {name: value}))
    if text is None:
        validated(config)
        return
    with pytest.raises(BadInput, match=text):
        validated(config)
