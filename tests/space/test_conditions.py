"""Conditions: the notation of `when:`, and the values for which each comparison is true."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.errors import BadInput
from search.space.conditions import Clause, parse_when, same

values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text())


@pytest.mark.parametrize(
    ("operand", "holds", "fails"),
    [
        ("sgd", ["sgd"], ["adam", None, 1]),
        (1, [1, 1.0], [2, True, "1"]),
        (True, [True], [False, 1, "true"]),
        (None, [None], [0, False, ""]),
        ([1, 2], [1, 2], [3, True]),
        (["sgd", None], ["sgd", None], ["adam"]),
        (">0", [1, 0.5], [0, -1, True, "1", None]),
        (">= -1.5", [-1.5, 0], [-2]),
        ("<1e-3", [1e-4], [1e-3, 1]),
        ("<=2", [2], [3]),
        ("!=0", [1, True, None, "x"], [0]),
        ("==3", [3], [4, "3"]),
        ("!=null", [0, "null"], [None]),
        ("==true", [True], [1, "true"]),
        ("!=sgd", ["adam"], ["sgd"]),
        ("a>b", ["a>b"], ["a"]),
    ],
)
def test_each_form_of_a_condition(operand: Any, holds: list[Any], fails: list[Any]) -> None:
    (clause,) = parse_when("owner", {"model.key": operand})
    assert clause.name == "model.key"
    assert [value for value in holds if not clause.holds(value)] == []
    assert [value for value in fails if clause.holds(value)] == []


def test_several_and_nested_keys_are_all_parsed() -> None:
    parsed = parse_when("owner", {"training": {"optimizer": "sgd"}, "model.conv.layers": ">0"})
    assert parsed == (
        Clause("training.optimizer", "==", "sgd"),
        Clause("model.conv.layers", ">", 0),
    )


@pytest.mark.parametrize("when", [3, "sgd", [], {}, {"training": {}}, ["training.optimizer"], True])
def test_a_condition_must_be_a_mapping(when: Any) -> None:
    with pytest.raises(BadInput, match=r"space\.owner\.when is .*expected a mapping"):
        parse_when("owner", when)


@pytest.mark.parametrize("operand", [">sgd", "<= true", "> null"])
def test_only_numbers_can_be_compared_by_order(operand: str) -> None:
    with pytest.raises(BadInput, match="is not a number"):
        parse_when("owner", {"training.optimizer": operand})


@given(values, values)
def test_unequal_is_the_opposite_of_equal(value: Any, operand: Any) -> None:
    assert Clause("a", "==", operand).holds(value) is not Clause("a", "!=", operand).holds(value)


@given(values, st.lists(values))
def test_membership_is_equality_with_any_option(value: Any, options: list[Any]) -> None:
    assert Clause("a", "in", tuple(options)).holds(value) is any(
        Clause("a", "==", option).holds(value) for option in options
    )


@given(values, values)
def test_same_is_symmetric_and_separates_booleans_from_numbers(left: Any, right: Any) -> None:
    assert same(left, left)
    assert same(left, right) is same(right, left)
    assert not same(True, 1)
    assert not same(0, False)
