"""JSON events of a study for other programs (`--json`): one object per line on standard output.

docs/commands.md lists the events and their fields. NaN and infinite numbers are written as null.
"""

import json
from collections import deque
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, TextIO

from rich.console import Console

from search.config.schema import StudyOptions
from search.results.leaderboard import beats, best_forecaster
from search.results.verdict import verdict
from search.study.history import FinishedTrial
from search.terminal.display.base import Display, StudyProgress
from search.terminal.study_summary import StudySummary
from search.trial.trial import Progress


class EventDisplay(Display):
    """A display that writes JSON events; notes are also printed to standard error."""

    def __init__(
        self,
        stream: TextIO,
        budget: StudyProgress,
        *,
        study: str,
        uri: str,
        options: StudyOptions,
        run_ids: Mapping[int, str],
        quiet: bool,
    ) -> None:
        super().__init__(Console(stderr=True, markup=False, highlight=False), budget)
        self._stream = stream
        self._study = study
        self._uri = uri
        self._options = options
        self._run_ids = run_ids
        self._quiet = quiet
        self._waiting: deque[str] = deque()
        self._writing = False

    def study_started(self, *, resumed: bool) -> None:
        """Emits the event that describes the study."""
        budget, options = self.budget, self._options
        self._emit(
            "study_resumed" if resumed else "study_started",
            uri=self._uri,
            budget={name: getattr(options, name) for name in _LIMITS},
            done=budget.done,
            best=self._best(),
            baseline={"name": budget.baseline, "score": budget.baseline_mae},
            unit=budget.unit,
        )

    def training_started(self, number: int, title: str) -> None:
        """Emits the start of a trial; retrainings of finalists emit no event."""
        super().training_started(number, title)
        if not self.budget.retrainings:
            self._emit("trial_started", trial=number, title=title)

    def epoch_ended(self, progress: Progress) -> None:
        """Emits the progress of a trial."""
        super().epoch_ended(progress)
        if not self.budget.retrainings:
            self._emit(
                "epoch",
                trial=progress.number,
                epoch=progress.step + 1,
                epochs=progress.steps,
                score=progress.score,
            )

    def trial_ended(self, finished: FinishedTrial) -> None:
        """Emits the result of a trial."""
        self.budget.add(finished)
        self._emit(
            "trial_ended",
            **_described(finished),
            run_id=self._run_ids.get(finished.number),
            best=self._best(),
        )

    def baseline_ended(
        self, name: str, mae: float | None, reason: str, *, best: tuple[str, float]
    ) -> None:
        """Emits the score of a textbook baseline and updates the score to beat."""
        self.budget.baseline, self.budget.baseline_mae = best[0].replace("_", " "), best[1]
        self._emit(
            "baseline_ended",
            name=name,
            state="failed" if mae is None else "complete",
            score=mae,
            reason=reason,
            baseline={"name": self.budget.baseline, "score": best[1]},
        )

    def finalists_started(self, seeds: Sequence[int]) -> None:
        """Emits the start of the retrainings; a time limit can leave fewer seeds for the last."""
        self.budget.retrainings = sum(seeds)
        self._emit("finalists_started", trials=len(seeds), seeds=max(seeds))

    def finalist_ended(self, finished: FinishedTrial, searched: float) -> None:
        """Emits the result of a finalist."""
        self._emit(
            "finalist_ended",
            **_described(finished),
            averaged=finished.metrics.get("validation/averaged_mae"),
            searched=searched,
        )

    def note(self, text: str) -> None:
        """Prints a note to standard error and emits it."""
        super().note(text)
        self._emit("note", text=text)

    def study_ended(self, end: StudySummary) -> None:
        """Emits the result of the study, with `--quiet` too."""
        self._quiet = False
        best = best_forecaster(end.board)
        states = [row.state for row in end.board if row.kind == "trial"]
        self._emit(
            "study_ended",
            uri=end.uri,
            verdict=best.verdict if best else None,
            summary=verdict(end.board, end.unit),
            beats_baseline=beats(end.board),
            best=best.as_dict() if best else None,
            trials={state: states.count(state) for state in ("complete", "pruned", "failed")},
            reason=end.state,
            status=end.status,
        )

    def _best(self) -> dict[str, Any] | None:
        best = self.budget.best
        return None if best is None else {"trial": best[1], "score": best[0]}

    def _emit(self, event: str, **fields: Any) -> None:
        """Writes an event as one line.

        A signal handler can call this while another line is being written; its line is queued.
        """
        if self._quiet:
            return
        values = _finite({"event": event, "study": self._study, **fields})
        self._waiting.append(json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n")
        if self._writing:
            return
        self._writing = True
        try:
            while self._waiting:
                self._stream.write(self._waiting.popleft())
                self._stream.flush()
        finally:
            self._writing = False


_LIMITS = ("trials", "timeout", "epochs", "target")


def _described(finished: FinishedTrial) -> dict[str, Any]:
    score = finished.score if finished.state != "failed" else None
    return {
        "trial": finished.number,
        "state": finished.state,
        "score": score,
        "reason": finished.reason,
    }


def _finite(value: Any) -> Any:
    """Returns the value with NaN and infinity, which JSON cannot represent, replaced by None."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return None if isinstance(value, float) and not isfinite(value) else value
