"""Adds the textbook baselines to a study as they become available."""

from collections.abc import Callable

from search.baselines.scoring import Baseline, ranked
from search.baselines.textbook import FailedBaseline, TextbookBaselines
from search.study.budget import TIME_IS_UP
from search.study.callback import StudyCallback
from search.tracking.ledger import Ledger


class LateBaselines:
    """The textbook baselines of a running study.

    Each one is added to `baselines`, the list that the study's plans use, which stays best first.
    """

    def __init__(
        self,
        baselines: list[Baseline],
        textbook: TextbookBaselines,
        *,
        ledger: Ledger,
        logged: dict[str, str],
        callback: StudyCallback,
    ) -> None:
        """Prepares to collect the baselines.

        Args:
            baselines: baselines that were already scored, best first.
            textbook: textbook baselines to collect.
            ledger: ledger that logs each of them as a run.
            logged: states of the baselines in the store, by name.
            callback: callback that is notified of each of them.
        """
        self._baselines = baselines
        self._textbook = textbook
        self._ledger = ledger
        self._logged = logged
        self._callback = callback

    def collect(self) -> None:
        """Adds the baselines that are available now."""
        while (found := self._textbook.take()) is not None:
            self._add(found)

    def wait(self, interrupted: Callable[[], bool], out_of_time: Callable[[], bool]) -> None:
        """Waits for all baselines and adds them.

        Args:
            interrupted: returns whether to leave the rest to a resumed study.
            out_of_time: returns whether to mark the rest as failed.
        """
        while self._textbook.busy and not interrupted():
            found = self._textbook.take(0.5)
            if found is not None:
                self._add(found)
            elif out_of_time():
                missing = self._textbook.missing
                self._textbook.close()  # its process would slow down the finalists
                for name in missing:
                    self._add(FailedBaseline(name, TIME_IS_UP))
                return

    def _add(self, found: Baseline | FailedBaseline) -> None:
        if isinstance(found, Baseline):
            self._baselines[:] = ranked([*self._baselines, found])
        best = self._baselines[0]
        state = "complete" if isinstance(found, Baseline) else "failed"
        before = self._logged.get(found.name)
        if before is None or (before, state) == ("failed", "complete"):
            self._logged[found.name] = state
            if isinstance(found, Baseline):
                metrics = next(o.metrics for o in self._baselines if o.name == found.name)
                self._ledger.log_baseline(found.name, metrics, found.settings)
            else:
                self._ledger.log_baseline(found.name, {}, {}, failed=found.reason)
        mae = found.mae if isinstance(found, Baseline) else None
        reason = "" if isinstance(found, Baseline) else found.reason
        self._callback.baseline_ended(found.name, mae, reason, best=(best.name, best.mae))
