"""What a study tells of itself while it runs."""

from typing import Protocol

from search.history import Finished
from search.trial import Progress


class Watcher(Protocol):
    """Whoever shows a study to people."""

    def training_started(self, number: int, title: str) -> None:
        """The engine has been handed a plan; `number` stands in its progress."""

    def epoch_ended(self, progress: Progress) -> None:
        """A running plan has finished an epoch."""

    def training_ended(self, number: int) -> None:
        """A plan no longer runs."""

    def trial_ended(self, finished: Finished) -> None:
        """A trial is in the ledger."""

    def finalist_ended(self, finished: Finished, searched: float) -> None:
        """A finalist, trained again with fresh seeds, is in the ledger.

        Args:
            finished: with the number of its trial.
            searched: its score in the search.
        """

    def note(self, text: str) -> None:
        """Something that a reader should know."""
