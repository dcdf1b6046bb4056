"""Given points are completed from the configuration, and rejected if they are not in the space."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.config.dotted import with_values
from search.space.conditions import Clause
from search.space.space import Choice, Range, Space
from search.study.first_points import completed
from search.tracking import names

LAYERS = Range("model.layers", 0, 3)
UNITS = Range("model.units", 8, 64, 8, when=(Clause("model.layers", ">", 0),))
RATE = Range("training.rate", 1e-4, 1.0, log=True)
CELL = Choice("model.cell", ("gru", "lstm", None, True), when=(Clause("model.layers", ">", 1),))
SPACE = Space((LAYERS, UNITS, RATE, CELL))
SETTINGS = {
    "model.layers": 1,
    "model.units": 32,
    "model.cell": "gru",
    "training.rate": 0.01,
    "training.epochs": 9,
}


def drawn(data: st.DataObject) -> dict[str, Any]:
    def value(parameter: Any) -> Any:
        values = parameter.values()
        if values is None:
            return data.draw(st.floats(parameter.low, parameter.high))
        return data.draw(st.sampled_from(list(values)))

    return SPACE.build(value)


@given(st.data())
def test_a_point_in_any_notation_is_completed_to_itself(data: st.DataObject) -> None:
    point = drawn(data)
    nested: dict[str, Any] = {"model": {}, "training": {}}
    written = {name: names.text(value) for name, value in point.items()}
    for values in (point, written, with_values(nested, point)):
        found = completed(values, SPACE, SETTINGS)
        assert found == point
        assert [type(value) for value in found.values()] == [type(v) for v in point.values()]


def test_missing_values_come_from_the_configuration() -> None:
    assert completed({}, SPACE, SETTINGS) == {
        "model.layers": 1,
        "model.units": 32,
        "training.rate": 0.01,
    }
    assert completed({"model.layers": 0, "model.units": 32}, SPACE, SETTINGS) == {
        "model.layers": 0,
        "training.rate": 0.01,
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model.units": 9}, "model.units is 9: the space has 8 to 64, step 8"),
        ({"model.units": 128}, "model.units is 128"),
        ({"model.units": True}, "model.units is True"),
        ({"model.layers": "two"}, "model.layers is 'two'"),
        ({"model.layers": 2, "model.cell": "rnn"}, "model.cell is 'rnn': the space has gru, lstm"),
        ({"model.layers": 2, "model.cell": 1}, "model.cell is 1"),
        ({"model.unit": 8}, "model.unit is not searched: did you mean 'model.units'"),
        ({"training.epochs": 9}, "training.epochs is not searched"),
        ({"model.layers": 0, "model.units": 8}, "a condition makes it inactive"),
    ],
)
def test_a_point_outside_the_space_is_rejected(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^.*{message}"):
        completed(values, SPACE, SETTINGS)
