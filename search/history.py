"""What a study has behind it: the trials that have ended, and those to be run again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from search.backends.base import Proposal, Score
from search.space import Point


@dataclass(frozen=True)
class Finished:
    """A trial that has ended, as the study needs it."""

    number: int
    state: str
    metrics: dict[str, float]
    reason: str = ""

    @property
    def score(self) -> float | None:
        """`validation/mae`, where there is one."""
        return self.metrics.get("validation/mae")

    def told(self, objectives: Sequence[str]) -> Score | None:
        """Returns what a backend learns of it: the score, or one number an objective."""
        return told(self.metrics, objectives)


@dataclass
class Past:
    """What a study has behind it: the trials of the ledger that count.

    Attributes:
        finished: ended trials.
        keys: their points, as `point_key` writes them, to their numbers.
        originals: numbers of trials whose score was reused, by those of their repetitions.
        again: trials that were running, to be run again.
        next_number: of the first new trial.
    """

    finished: list[Finished] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    originals: dict[int, int] = field(default_factory=dict)
    again: list[tuple[int, Proposal]] = field(default_factory=list)
    next_number: int = 0

    def scores(self) -> list[tuple[float, int]]:
        """Returns score and number of every complete trial."""
        complete = [trial for trial in self.finished if trial.state == "complete"]
        return [(trial.score, trial.number) for trial in complete if trial.score is not None]


def told(metrics: Mapping[str, float], objectives: Sequence[str]) -> Score | None:
    """Returns the objectives among the metrics of a trial; None where one is missing."""
    if not all(name in metrics for name in objectives):
        return None
    values = tuple(metrics[name] for name in objectives)
    return values if len(values) > 1 else values[0]


def point_key(point: Point, epochs: int | None) -> str:
    """Returns what makes two proposals the same training."""
    return json.dumps([sorted(point.items()), epochs])
