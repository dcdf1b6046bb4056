"""What a study tells a program: `--json`, one JSON object a line on standard output.

The README lists the events and what they hold. A number that is not finite is null.
"""

import json
from collections import deque
from collections.abc import Mapping
from math import isfinite
from typing import Any, TextIO

from rich.console import Console

from search.config.schema import StudyOptions
from search.results.leaderboard import beats, best_trial
from search.results.verdict import verdict
from search.study.history import FinishedTrial
from search.terminal.display.base import Display, StudyProgress
from search.terminal.study_summary import StudySummary
from search.trial.trial import Progress


class EventDisplay(Display):
    """A study's watcher that programs read; notes go to standard error as well, for people."""

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
        """Tells what the study is."""
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
        """Tells of a trial; of a finalist's trainings only the end of all is told."""
        super().training_started(number, title)
        if not self.budget.again:
            self._emit("trial_started", trial=number, title=title)

    def epoch_ended(self, progress: Progress) -> None:
        """Tells how far a trial is."""
        super().epoch_ended(progress)
        if not self.budget.again:
            self._emit(
                "epoch",
                trial=progress.number,
                epoch=progress.step + 1,
                epochs=progress.steps,
                score=progress.score,
            )

    def trial_ended(self, finished: FinishedTrial) -> None:
        """Tells what a trial came to."""
        self.budget.add(finished)
        self._emit(
            "trial_ended",
            **_described(finished),
            run_id=self._run_ids.get(finished.number),
            best=self._best(),
        )

    def finalists_started(self, trials: int, seeds: int) -> None:
        """Tells that the best trials are trained again."""
        self.budget.again = trials * seeds
        self._emit("finalists_started", trials=trials, seeds=seeds)

    def finalist_ended(self, finished: FinishedTrial, searched: float) -> None:
        """Tells what a finalist came to."""
        self._emit("finalist_ended", **_described(finished), searched=searched)

    def note(self, text: str) -> None:
        """Tells a remark, to people too."""
        super().note(text)
        self._emit("note", text=text)

    def study_ended(self, end: StudySummary) -> None:
        """Tells how the study ended; this much is told with `--quiet` too."""
        self._quiet = False
        best = best_trial(end.board)
        states = [row.state for row in end.board if row.kind == "trial"]
        self._emit(
            "study_ended",
            uri=end.uri,
            verdict=verdict(end.board, end.unit),
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
        """Writes a line; one that a signal asks for while another is written comes after that."""
        if self._quiet:
            return
        told = _finite({"event": event, "study": self._study, **fields})
        self._waiting.append(json.dumps(told, ensure_ascii=False, allow_nan=False) + "\n")
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
    """Returns plain values with None for what JSON has no number for."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return None if isinstance(value, float) and not isfinite(value) else value
