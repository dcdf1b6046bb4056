"""The signature of a builder as the schema of its group: types, defaults, supplied arguments."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from search.config.signatures import builder_of, call_builder, checked_options
from search.errors import BadInput

if TYPE_CHECKING:
    from nowhere import Unavailable


@dataclass
class Block:
    """Options with a check in __post_init__, like those of the models."""

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
    """A builder whose return type is imported only by type checkers."""
    return locals()


NOT_A_FUNCTION = 3
TARGET = f"{__name__}.builder"
SUPPLIED = ("width", "horizon")


def options(**own: Any) -> dict[str, Any]:
    return {"_target_": TARGET, "name": "mine", "block": {}, **own}


def test_options_get_defaults_and_omit_supplied_arguments() -> None:
    assert checked_options("model", options(), SUPPLIED) == {
        "_target_": TARGET,
        "name": "mine",
        "block": {"layers": 1, "units": 8},
        "rate": 0.5,
        "label": None,
        "sizes": None,
        "anything": ["a", 1],
    }


def test_a_group_without_a_name_is_named_after_its_builder() -> None:
    bare = {key: value for key, value in options().items() if key != "name"}
    assert checked_options("model", bare, SUPPLIED)["name"] == "builder"


def test_values_are_converted_to_the_types_of_the_signature() -> None:
    found = checked_options("model", options(rate=1, sizes=[1, 2], label="x"), SUPPLIED)
    assert (found["rate"], type(found["rate"])) == (1.0, float)
    assert (found["sizes"], found["label"]) == ([1, 2], "x")


def test_a_builder_is_called_with_its_options_and_the_supplied_arguments() -> None:
    made = call_builder("model", options(block={"units": 3}, label="x"), width=4, horizon=2)
    assert made["block"] == Block(layers=1, units=3)
    assert (made["width"], made["horizon"], made["label"], made["rate"]) == (4, 2, "x", 0.5)
    assert made["rest"] == {}


@pytest.mark.parametrize(
    ("own", "text"),
    [
        ({"rat": 1.0}, r"^model\.rat is not an option of .*builder:\ndid you mean 'rate'\?"),
        ({"block": {"unit": 1}}, r"^model\.block\.unit is not an option of .*\n.*'units'"),
        ({"width": 3}, r"^model\.width is not an option"),
        ({"rate": "high"}, r"^model\.rate: Value 'high'"),
        ({"block": {"layers": 1.5}}, r"^model\.block\.layers: Value '1\.5'"),
        ({"block": 3}, r"^model\.block: "),
        ({"block": {"units": 0}}, r"^model\.block\.units is 0: at least 1$"),
        ({"sizes": ["a"]}, r"^model\.sizes\[0\]: Value 'a'"),
        ({"sizes": 3}, r"^model\.sizes: "),
    ],
)
def test_options_that_do_not_match_the_signature_are_rejected(
    own: dict[str, Any], text: str
) -> None:
    with pytest.raises(BadInput, match=text):
        checked_options("model", options(**own), SUPPLIED)


def test_an_option_without_a_default_must_be_set() -> None:
    with pytest.raises(BadInput, match=r"^model\.horizon is not set and has no default$"):
        checked_options("model", options(), supplied=("width",))


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (None, "model has no builder"),
        ("", "model has no builder"),
        ("builder", "cannot be imported"),
        ("nowhere.at_all", "No module named 'nowhere'"),
        (f"{__name__}.bilder", "has no attribute 'bilder'"),
        (f"{__name__}.NOT_A_FUNCTION", "is not a Python function"),
    ],
)
def test_an_invalid_target_is_rejected(target: Any, text: str) -> None:
    with pytest.raises(BadInput, match=text) as caught:
        builder_of("model", {"_target_": target})
    assert len(str(caught.value).splitlines()) <= 3


def test_an_error_while_importing_a_package_is_reported(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_package.py").write_text("raise RuntimeError('no licence\\nfound')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadInput, match="RuntimeError: no licence") as caught:
        builder_of("dataset", {"_target_": "broken_package.load"})
    assert len(str(caught.value).splitlines()) <= 3
