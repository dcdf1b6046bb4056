"""Fitted parameters of a baseline as JSON, read so that damaged ones raise a plain error."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from models.errors import CannotForecast

_MOST = 10**9  # of a number of steps


@final
class Parameters:
    """The parameters that a baseline fitted, by name.

    Every method raises CannotForecast if the parameter is missing or is not what the method needs.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def whole(self, name: str, low: int = 0, high: int = _MOST) -> int:
        """Returns a whole number from `low` to `high`."""
        found = self._get(name)
        if not _is_whole(found, low, high):
            raise self.damaged(name, f"a whole number from {low} to {high}")
        return int(found)

    def wholes(self, name: str, low: int = 0, high: int = _MOST) -> list[int]:
        """Returns a list of whole numbers from `low` to `high`."""
        found = self._get(name)
        if not isinstance(found, list) or not all(_is_whole(one, low, high) for one in found):
            raise self.damaged(name, f"a list of whole numbers from {low} to {high}")
        return found

    def number(self, name: str) -> float:
        """Returns a finite number."""
        return float(self.array(name))

    def text(self, name: str, possible: Sequence[str] = ()) -> str:
        """Returns a text; one of `possible`, if there are any."""
        text = self._get(name)
        if not isinstance(text, str) or (possible and text not in possible):
            raise self.damaged(name, f"one of {', '.join(possible)}" if possible else "a text")
        return text

    def array(self, name: str, *shape: int) -> NDArray[np.float64]:
        """Returns finite numbers of a shape; a single one without a shape."""
        found = self._get(name)
        if not _is_array(found, shape):
            size = " × ".join(map(str, shape)) + " numbers" if shape else "a number"
            raise self.damaged(name, f"{size}, all finite")
        return np.array(found, dtype=np.float64)

    def damaged(self, name: str, needed: str) -> CannotForecast:
        """Returns the error of a parameter that is not what is needed."""
        method = self._given.get("method", "the baseline")
        return CannotForecast(f"The parameters of {method} are damaged: {name!r} must be {needed}.")

    def _get(self, name: str) -> Any:
        if name not in self._given:
            raise self.damaged(name, "given")
        return self._given[name]


def _is_whole(found: Any, low: int, high: int) -> bool:
    return type(found) is int and low <= found <= high


def _is_array(found: Any, shape: Sequence[int]) -> bool:
    if shape:
        fits = isinstance(found, list) and len(found) == shape[0]
        return fits and all(_is_array(one, shape[1:]) for one in found)
    largest = sys.float_info.max  # a comparison with NaN is False
    return type(found) in (int, float) and -largest <= found <= largest
