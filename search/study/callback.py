"""The callbacks through which a running study reports its progress."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

from search.study.history import FinishedTrial
from search.trial.trial import Plan, Progress


class StudyCallback(Protocol):
    """Displays the progress of a study."""

    def training_started(self, number: int, title: str) -> None:
        """Called when a plan is submitted to the engine; its progress carries `number`."""

    def epoch_ended(self, progress: Progress) -> None:
        """Called when a running plan has finished an epoch."""

    def training_ended(self, number: int) -> None:
        """Called when a plan has stopped running."""

    def trial_ended(self, finished: FinishedTrial) -> None:
        """Called when a finished trial has been written to the ledger."""

    def baseline_ended(
        self, name: str, mae: float | None, reason: str, *, best: tuple[str, float]
    ) -> None:
        """Called when a textbook baseline has been scored or has failed.

        Args:
            name: its name.
            mae: its score; None if it failed.
            reason: why it failed.
            best: name and score of the best baseline so far.
        """

    def finalist_ended(self, finished: FinishedTrial, searched: float) -> None:
        """Called when a finalist, retrained with fresh seeds, has been written to the ledger.

        Args:
            finished: the retrained trial, under its number in the search.
            searched: its score in the search.
        """

    def note(self, text: str) -> None:
        """Called with a message for the user."""


# Opens a callback for trainings outside a search: (plan, number of trainings, unit of the series).
Observe: TypeAlias = Callable[[Plan, int, str], AbstractContextManager[StudyCallback]]
