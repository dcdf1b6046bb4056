"""The signature of a builder is the schema of its group: types, defaults, and what is supplied."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from search.config.signatures import (
    builder_of,
    call_builder,
    checked_options,
)
from search.errors import BadInput

if TYPE_CHECKING:
    from nowhere import Unavailable


@dataclass
class Block:
    """Options that check themselves, as those of the models do."""

    layers: int = 1
    units: int = 8

    def __post_init__(self) -> None:
        if self.units < 1:
            raise ValueError(f"model.block.units is {self.units}: at least 1")


def builder(
    width: int,
    horizon: int,
    *,
    block: Block,
    rate: float = 0.5,
    label: str | None = None,
    sizes: list[int] | None = None,
    anything=("a", 1),  # type: ignore[no-untyped-def]
    **rest: Any,
) -> "Unavailable":
    """A builder whose result's type can be imported by type checkers only."""
    return locals()


NOT_A_FUNCTION = 3
TARGET = f"{__name__}.builder"
SUPPLIED = ("width", "horizon")


def options(**own: Any) -> dict[str, Any]:
    return {"_target_": TARGET, "name": "mine", "block": {}, **own}


def test_options_are_completed_with_defaults_without_what_the_program_supplies() -> None:
    assert checked_options("model", options(), SUPPLIED) == {
        "_target_": TARGET,
        "name": "mine",
        "block": {"layers": 1, "units": 8},
        "rate": 0.5,
        "label": None,
        "sizes": None,
        "anything": ["a", 1],
    }


def test_a_group_without_a_name_is_called_as_its_builder() -> None:
    bare = {key: value for key, value in options().items() if key != "name"}
    assert checked_options("model", bare, SUPPLIED)["name"] == "builder"


def test_values_take_the_types_of_the_signature() -> None:
    found = checked_options("model", options(rate=1, sizes=[1, 2], label="x"), SUPPLIED)
    assert (found["rate"], type(found["rate"])) == (1.0, float)
    assert (found["sizes"], found["label"]) == ([1, 2], "x")


def test_a_builder_is_called_with_its_options_and_what_is_supplied() -> None:
    made = call_builder("model", options(block={"units": 3}, label="x"), width=4, horizon=2)
    assert made["block"] == Block(layers=1, units=3)
    assert (made["width"], made["horizon"], made["label"], made["rate"]) == (4, 2, "x", 0.5)
    assert made["rest"] == {}


@pytest.mark.parametrize(
    ("own", "text"),
    [
        ({"rat": 1.0}, r"^model\.rat is no option of .*builder:\ndid you mean 'rate'\?"),
        ({"block": {"unit": 1}}, r"^model\.block\.unit is no option of .*\n.*'units'"),
        ({"width": 3}, r"^model\.width is no option"),
        ({"rate": "high"}, r"^model\.rate: Value 'high'"),
        ({"block": {"layers": 1.5}}, r"^model\.block\.layers: Value '1\.5'"),
        ({"block": 3}, r"^model\.block: "),
        ({"block": {"units": 0}}, r"^model\.block\.units is 0: at least 1$"),
        ({"sizes": ["a"]}, r"^model\.sizes\[0\]: Value 'a'"),
        ({"sizes": 3}, r"^model\.sizes: "),
    ],
)
def test_what_the_signature_does_not_allow(own: dict[str, Any], text: str) -> None:
    with pytest.raises(BadInput, match=text):
        checked_options("model", options(**own), SUPPLIED)


def test_an_option_without_a_default_must_be_set() -> None:
    with pytest.raises(BadInput, match=r"^model\.horizon is not set, and has no default$"):
        checked_options("model", options(), supplied=("width",))


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (None, "model names no builder"),
        ("", "model names no builder"),
        ("builder", "cannot be imported"),
        ("nowhere.at_all", "No module named 'nowhere'"),
        (f"{__name__}.bilder", "has no attribute 'bilder'"),
        (f"{__name__}.NOT_A_FUNCTION", "is not a function"),
    ],
)
def test_what_is_no_builder(target: Any, text: str) -> None:
    with pytest.raises(BadInput, match=text) as caught:
        builder_of("model", {"_target_": target})
    assert len(str(caught.value).splitlines()) <= 3


def test_a_package_that_breaks_while_it_is_imported_is_named(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_package.py").write_text("raise RuntimeError('no licence\\nfound')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadInput, match="RuntimeError: no licence") as caught:
        builder_of("dataset", {"_target_": "broken_package.load"})
    assert len(str(caught.value).splitlines()) <= 3
