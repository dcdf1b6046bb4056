"""What a study tells of itself while it runs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

from search.study.history import FinishedTrial
from search.trial.trial import Plan, Progress


class StudyCallback(Protocol):
    """Whoever shows a study to people."""

    def training_started(self, number: int, title: str) -> None:
        """The engine has been handed a plan; `number` stands in its progress."""

    def epoch_ended(self, progress: Progress) -> None:
        """A running plan has finished an epoch."""

    def training_ended(self, number: int) -> None:
        """A plan no longer runs."""

    def trial_ended(self, finished: FinishedTrial) -> None:
        """A trial is in the ledger."""

    def finalist_ended(self, finished: FinishedTrial, searched: float) -> None:
        """A finalist, trained again with fresh seeds, is in the ledger.

        Args:
            finished: with the number of its trial.
            searched: its score in the search.
        """

    def note(self, text: str) -> None:
        """Something that a reader should know."""


# Opens a callback for trainings outside a search: of a plan, so many of them, in a unit.
Observe: TypeAlias = Callable[[Plan, int, str], AbstractContextManager[StudyCallback]]
