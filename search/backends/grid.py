"""Every point of a finite space once, in the order of `Space.points`."""

from collections.abc import Sequence

from search.backends.base import Answer, Backend, Proposal, Recorded
from search.errors import BadInput
from search.space import Point, Space


class Grid(Backend):
    """One enumeration for both libraries; conditions are respected and nothing repeats."""

    def __init__(self, space: Space) -> None:
        self._points = space.points()

    def ask(self, number: int) -> Proposal | Answer:  # noqa: ARG002
        """Returns the next point, or that the space is exhausted."""
        point = next(self._points, None)
        return Answer.EXHAUSTED if point is None else Proposal(point)

    def enqueue(self, number: int, point: Point) -> Proposal:  # noqa: ARG002
        """Returns a proposal of `point`; the enumeration goes on as before."""
        return Proposal(point)

    def tell(self, number: int, state: str, score: float | None) -> None:
        """Does nothing: the order does not depend on scores."""

    def restore(self, trials: Sequence[Recorded]) -> None:
        """Passes over the points that were proposed before."""
        for _ in trials:
            next(self._points, None)


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
