"""An ensemble as it is stored: its rule and the weights of its candidates."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isclose

import numpy as np

from models.combination import Combination
from search.errors import BadInput

FILE = "ensemble.json"
CANDIDATES = "candidates.npz"  # validation forecasts [M, N, H] of all candidates, by fold
KINDS = ("trial", "finalist", "baseline")


@dataclass(frozen=True)
class Member:
    """A candidate of an ensemble and its weight, which is 0 if it is not used.

    Attributes:
        kind: trial, finalist or baseline.
        name: name of its run, or of the baseline.
        run_id: id of its run; empty for a baseline.
        weight: its weight; in a median, any weight above 0 counts the same.
    """

    kind: str
    name: str
    run_id: str
    weight: float


@dataclass(frozen=True)
class Ensemble:
    """An ensemble.

    Attributes:
        rule: name of the rule that made it.
        median: whether it is the median of its members instead of their weighted mean.
        candidates: all candidates, in the order of the stored forecasts.
        errors: validation MAE of every rule, by name.
    """

    rule: str
    median: bool
    candidates: tuple[Member, ...]
    errors: dict[str, float]

    @property
    def members(self) -> list[Member]:
        """The candidates with a weight, those with the largest weights first."""
        return [self.candidates[i] for i in self.combination.members]

    @property
    def combination(self) -> Combination:
        """The combination of the candidates' forecasts."""
        return Combination(np.array([one.weight for one in self.candidates]), self.median)

    @property
    def of_members(self) -> Combination:
        """The combination of the members' forecasts, in the order of `members`."""
        return Combination(np.array([one.weight for one in self.members]), self.median)

    @property
    def label(self) -> str:
        """A short name, such as `mean of the best 3`."""
        members = self.members
        if len(members) == 1:
            return f"{members[0].name} alone"
        return self.rule

    def to_json(self) -> bytes:
        """Returns the content of ensemble.json."""
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def from_json(cls, text: str | bytes) -> "Ensemble":
        """Returns the ensemble in an ensemble.json.

        Raises:
            BadInput: the file is damaged.
        """
        try:
            held = json.loads(text)
            candidates = tuple(Member(**one) for one in held["candidates"])
            _check(candidates)
            errors = {str(name): float(error) for name, error in held["errors"].items()}
            return cls(str(held["rule"]), bool(held["median"]), candidates, errors)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadInput(f"{FILE} is damaged: {error}") from None


def _check(candidates: Sequence[Member]) -> None:
    """Raises ValueError if the kinds or weights of the candidates are not valid."""
    for one in candidates:
        if one.kind not in KINDS or {type(one.name), type(one.run_id)} != {str}:
            raise ValueError(f"{one!r} is not a candidate")
        if type(one.weight) is not float or not 0 <= one.weight <= 1:
            raise ValueError(f"the weight of {one.name} is {one.weight!r}")
    if not isclose(sum(one.weight for one in candidates), 1.0, abs_tol=1e-6):
        raise ValueError("the weights do not add up to 1")
