"""Every point of a finite space once, in the order of `Space.points`."""

from collections.abc import Sequence

from search.backends.base import (
    Answer,
    Backend,
    Proposal,
    Recorded,
    Score,
)
from search.errors import BadInput
from search.space.space import Point, Space, point_key


class Grid(Backend):
    """One enumeration for both libraries; conditions are respected and nothing repeats."""

    multi_objective = True  # it does not look at them

    def __init__(self, space: Space) -> None:
        self._points = space.points()
        self._proposed: set[str] = set()

    def ask(self, number: int) -> Proposal | Answer:  # noqa: ARG002
        """Returns the next point, or that the space is exhausted."""
        left = (point for point in self._points if point_key(point, None) not in self._proposed)
        point = next(left, None)
        return Answer.EXHAUSTED if point is None else Proposal(point)

    def enqueue(self, number: int, point: Point) -> Proposal:  # noqa: ARG002
        """Returns a proposal of `point`; the enumeration passes over it."""
        self._proposed.add(point_key(point, None))
        return Proposal(point)

    def tell(self, number: int, state: str, score: Score | None) -> None:
        """Does nothing: the order does not depend on scores."""

    def restore(self, trials: Sequence[Recorded]) -> None:
        """Passes over the points that were proposed before."""
        self._proposed |= {point_key(trial.proposal.point, None) for trial in trials}


def grid(space: Space, *, epochs: int, seed: int, restored: int) -> Grid:  # noqa: ARG001
    """Builds the grid backend.

    Raises:
        BadInput: a parameter has no finite list of values.
    """
    for parameter in space.parameters:
        if parameter.values() is None:
            raise BadInput(
                f"space.{parameter.name} has no step: a grid over a float range is infinite\n"
                f"set space.{parameter.name}.step=…, list choices, or drop it with "
                f"~space.{parameter.name}"
            )
    return Grid(space)
