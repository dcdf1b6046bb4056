"""Formatting of numbers, units and long names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.plots import formatting


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["model.conv.filters", "model.dense.units"], ["conv.filters", "dense.units"]),
        (["model.conv.filters", "task.window_size"], ["conv.filters", "task.window_size"]),
        (["training.epochs"], ["training.epochs"]),
        (["a.x.y", "b.x.y"], ["a.x.y", "b.x.y"]),
    ],
)
def test_short_names_stay_distinct(names: list[str], short: list[str]) -> None:
    assert formatting.short_names(names) == short


def test_numbers_have_four_significant_digits_and_a_unit() -> None:
    written = [formatting.number(v, "°C") for v in (-2.0601, 12345.6, float("nan"))]
    assert written == ["−2.060 °C", "12346 °C", "–"]


@given(st.text(alphabet="ab"), st.integers(1, 20))
def test_a_long_text_is_cut_in_the_middle(text: str, length: int) -> None:
    short = formatting.cut(text, length)
    head, _, tail = short.partition("…")
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(short) == min(len(text), length)


def test_a_quantity_without_a_unit_is_only_its_name() -> None:
    assert formatting.quantity("error", "°C") == "error (°C)"
    assert formatting.quantity("error", "") == "error"
