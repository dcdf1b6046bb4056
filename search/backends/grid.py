"""The grid backend: every point of a finite space once, in the order of `Space.points`."""

from collections.abc import Sequence

from search.backends.base import Answer, Backend, Proposal, Recorded, Score
from search.errors import BadInput
from search.space.space import Point, Space, point_key


class Grid(Backend):
    """Proposes every point of the space once, respecting conditions."""

    multi_objective = True  # scores are ignored

    def __init__(self, space: Space) -> None:
        self._points = space.points()
        self._proposed: set[str] = set()

    def ask(self, number: int) -> Proposal | Answer:  # noqa: ARG002
        """Returns the next point, or EXHAUSTED if none is left."""
        left = (point for point in self._points if point_key(point, None) not in self._proposed)
        point = next(left, None)
        return Answer.EXHAUSTED if point is None else Proposal(point)

    def enqueue(self, number: int, point: Point) -> Proposal:  # noqa: ARG002
        """Returns a proposal of `point`, which is then not proposed again."""
        self._proposed.add(point_key(point, None))
        return Proposal(point)

    def tell(self, number: int, state: str, score: Score | None) -> None:
        """Does nothing: the order does not depend on scores."""

    def restore(self, trials: Sequence[Recorded]) -> None:
        """Skips the points that were already proposed."""
        self._proposed |= {point_key(trial.proposal.point, None) for trial in trials}


def grid(space: Space, *, epochs: int, seed: int, restored: int) -> Grid:  # noqa: ARG001
    """Builds the grid backend.

    Raises:
        BadInput: a parameter is a float range without a step.
    """
    for parameter in space.parameters:
        if parameter.values() is None:
            raise BadInput(
                f"space.{parameter.name} has no step: a grid needs a finite number of values\n"
                f"set space.{parameter.name}.step=…, list choices, or remove it with "
                f"~space.{parameter.name}"
            )
    return Grid(space)
