"""Writes a study to MLflow, the only place that it is restored from.

A run is created when its trial starts. It is complete when it has the tag `sweepcast.state`, which
is written last. In one call, MLflow writes params, then metrics, then tags. The ledger makes few
calls, because each one waits for the disk several times.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import compress
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from search.backends.base import Proposal
from search.space.space import Space
from search.tracking import names
from search.tracking.metrics import changed_skill, finals, points
from search.tracking.reading import Record, child_runs, trial_runs, without_withdrawn
from search.tracking.store.files import read_bytes, write_files
from search.tracking.tags import StudyTags
from search.tracking.ui.view import study_view
from search.trial.checkpoints import FILE
from search.trial.labels import label
from search.trial.result import Result
from search.trial.trial import Plan

_ENDS = {"complete": "FINISHED", "pruned": "FINISHED", "failed": "FAILED", "lost": "KILLED"}
# Metric points per call. MLflow accepts 1000 entries, including params and tags.
_BATCH = 900


class Ledger:
    """Writes the runs of one study.

    Attributes:
        run_ids: run ids of the trials started since the ledger was opened, by trial number.
    """

    def __init__(self, client: MlflowClient, experiment: str, parent: str, tags: StudyTags) -> None:
        self.client = client
        self.experiment = experiment
        self.parent = parent
        self.run_ids: dict[int, str] = {}
        self._study = tags
        self._last = 0

    def log_diff(self) -> None:
        """Stores the uncommitted changes of the working tree with the study."""
        checkout = self._study.checkout
        if checkout and checkout.diff:
            self.log_files(self.parent, {checkout.diff_name: checkout.diff})

    @property
    def tags(self) -> dict[str, str]:
        """The tags that every new run gets."""
        return self._study.as_dict()

    def now(self) -> int:
        """Returns the time in ms, always increasing: it orders a study's asks and tells."""
        self._last = max(self._last + 1, time.time_ns() // 1_000_000)
        return self._last

    def start_trial(
        self,
        number: int,
        proposal: Proposal,
        seed: int,
        title: str,
        at: int,
        more: Mapping[str, str],
    ) -> str:
        """Creates the run of a trial, with the extra tags `more`, and returns its id."""
        tags = {names.KIND: "trial", names.TRIAL: str(number), **more}
        if proposal.notes:
            described = {
                "epochs": proposal.epochs,
                "parent": proposal.parent,
                "initial_epoch": proposal.initial_epoch,
                "notes": proposal.notes,
            }
            tags[names.PROPOSAL] = json.dumps(described)
        self.run_ids[number] = self._start(title, tags, {**proposal.point, "seed": seed}, at)
        return self.run_ids[number]

    def start_again(self, kind: str, plan: Plan, tags: Mapping[str, str]) -> str:
        """Creates the run of a plan that trains a trial again, and returns its id.

        Args:
            kind: "finalist" or "evaluation".
            plan: the plan to train.
            tags: tags to add to the kind and the trial's number.
        """
        params = {
            **plan.point,
            "seed": plan.seed,
            names.EXECUTIONS: plan.config["study"]["executions"],
        }
        name = f"{kind} · trial {plan.number} · {label(plan.config)}"
        return self.start_kind(kind, name, params, {names.TRIAL: str(plan.number), **tags})

    def end_trial(
        self,
        run_id: str,
        result: Result,
        baseline_mae: float,
        at: int,
        more: Mapping[str, float] | None = None,
    ) -> None:
        """Writes a complete result and the extra final metrics `more`, and the state last."""
        metrics = points(result, baseline_mae, at) + finals(more or {}, 0, at)
        self.log_files(run_id, result.artifacts)
        self._end(run_id, result.state, result.reason, at, metrics=metrics)

    def end_duplicate(
        self, run_id: str, original: int, state: str, metrics: Mapping[str, float], at: int
    ) -> None:
        """Ends a trial that repeats the point of trial `original`: it reuses that score."""
        scores = {k: v for k, v in metrics.items() if k.startswith(("validation/", "parameters"))}
        final = finals({**scores, "epochs": 0.0, "duration_s": 0.0}, 0, at)
        tags = {names.DUPLICATE_OF: str(original)}
        reason = f"same point as trial {original}"
        self._end(run_id, state, reason, at, metrics=final, tags=tags)

    def lose_trial(self, run_id: str, reason: str) -> None:
        """Marks the run of a trial as lost: its worker or coordinator died."""
        self._end(run_id, "lost", reason, self.now())

    def lose_open(self, runs: Sequence[Record], reason: str) -> list[Record]:
        """Marks the open runs of trials, finalists and ensembles as lost.

        Returns:
            The other runs, so that the caller need not read them all from the store again.
        """
        is_open = [
            run.kind in ("trial", "finalist", "ensemble") and run.state is None for run in runs
        ]
        for run in compress(runs, is_open):
            self.lose_trial(run.run_id, reason)
        return [run for run, lost in zip(runs, is_open, strict=True) if not lost]

    def lose_if_open(self, run_id: str, reason: str) -> None:
        """Marks a run without a state as lost, even if MLflow reports it as finished."""
        if names.STATE not in self.client.get_run(run_id).data.tags:
            self.lose_trial(run_id, reason)

    def end_reproduction(
        self, run_id: str, result: Result, baseline_mae: float, verdict: str
    ) -> None:
        """Writes the result of training a run again: metrics and verdict, no files."""
        at = self.now()
        metrics = points(result, baseline_mae, at)
        tags = {names.RESULT: verdict, names.NOTE: verdict}
        self._end(run_id, result.state, result.reason, at, metrics=metrics, tags=tags)

    def end_run(self, run_id: str, metrics: Mapping[str, float]) -> None:
        """Ends a run as complete, with its final metrics."""
        self._end(run_id, "complete", "", self.now(), metrics=finals(metrics, 0, self.now()))

    def log_baseline(
        self,
        name: str,
        metrics: Mapping[str, float],
        settings: Mapping[str, Any],
        *,
        failed: str = "",
    ) -> str:
        """Writes a baseline as a finished run and returns its id; `failed` is why it failed."""
        at = self.now()
        tags = {names.KIND: "baseline", names.BASELINE: name}
        run_id = self._create(f"baseline · {name.replace('_', ' ')}", tags, at)
        params = {f"baseline.{key}": names.text(value) for key, value in settings.items()}
        self._log(run_id, params=params, metrics=finals(metrics, 0, at))
        self._end(run_id, "failed" if failed else "complete", failed, self.now())
        return run_id

    def start_kind(
        self, kind: str, name: str, params: Mapping[str, Any], tags: Mapping[str, str]
    ) -> str:
        """Creates a run of this kind and returns its id."""
        return self._start(name, {names.KIND: kind, **tags}, params, self.now())

    def update_skill(
        self,
        runs: Sequence[Record],
        baseline_mae: float,
        intervals: Mapping[int, Mapping[str, float]],
    ) -> list[Record]:
        """Updates the skill of runs whose best baseline finished later, and returns all runs.

        `intervals` has the new bounds of the skill by trial, as far as they are known.
        """
        updated = []
        for run in runs:
            ends: Mapping[str, float] = {}
            if run.kind == "trial":
                ends = intervals.get(int(run.tags.get(names.DUPLICATE_OF, run.number)), {})
            changed = changed_skill(run, baseline_mae, ends)
            if changed:
                at = self.now()
                self._log(run.run_id, metrics=[Metric(*item, at, 0) for item in changed.items()])
            updated.append(replace(run, metrics=without_withdrawn(run.metrics | changed)))
        return updated

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Sets tags on a run."""
        for key, value in tags.items():
            self.client.set_tag(run_id, key, value)

    def describe(
        self,
        note: str,
        tags: Mapping[str, str],
        metrics: Mapping[str, float],
        files: Mapping[str, bytes],
    ) -> None:
        """Writes the description, tags, metrics and files of the study's own run."""
        self._log(self.parent, metrics=finals(metrics, 0, self.now()))
        self.log_files(self.parent, files)
        self.tag(self.parent, {**tags, names.NOTE: note[: names.NOTE_LENGTH]})

    def save_view(self, space: Space, importance: Mapping[str, float]) -> None:
        """Saves a view of the study's runs for the MLflow UI; does nothing if no value is searched.

        Args:
            space: the search space.
            importance: importance of its parameters as shares of 1; unknown ones are left out.
        """
        if space.drawn:
            view = study_view(self._study.study, self.parent, space, importance, self.now())
            self.client.set_experiment_tag(self.experiment, names.VIEW + self.parent, view)

    def checkpoint(self, number: int) -> bytes | None:
        """Returns the checkpoint of the complete trial `number`, or None if none was kept."""
        found = trial_runs(self.client, self.experiment, self.parent, number)
        complete = next((run for run in found if run.state == "complete"), None)
        return None if complete is None else read_bytes(self.client, complete.run_id, FILE)

    def runs(self) -> list[Record]:
        """Reads the trials and baselines of the study from the store."""
        return child_runs(self.client, self.experiment, self.parent)

    def end_study(self, status: str) -> None:
        """Ends the study's run as FINISHED, FAILED or KILLED (interrupted, can be resumed)."""
        self.client.set_terminated(self.parent, status=status)

    def _start(self, name: str, tags: Mapping[str, str], params: Mapping[str, Any], at: int) -> str:
        run_id = self._create(name, tags, at)
        self._log(run_id, params={key: names.text(value) for key, value in params.items()})
        return run_id

    def log_files(self, run_id: str, files: Mapping[str, bytes]) -> None:
        """Writes artifacts, given by file name."""
        if files:
            write_files(self.client, run_id, files)

    def _create(self, name: str, tags: Mapping[str, str], start: int) -> str:
        run = self.client.create_run(
            self.experiment,
            start_time=start,
            run_name=name,
            tags={**self.tags, **tags, names.PARENT: self.parent},
        )
        return str(run.info.run_id)

    def _log(
        self,
        run_id: str,
        *,
        params: Mapping[str, str] | None = None,
        metrics: list[Metric] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Logs in batches: params with the first call, tags with the last one."""
        logged = metrics or []
        starts = range(0, max(len(logged), 1), _BATCH)
        for start in starts:
            self.client.log_batch(
                run_id,
                metrics=logged[start : start + _BATCH],
                params=[Param(*item) for item in (params or {}).items() if not start],
                tags=[RunTag(*item) for item in (tags or {}).items() if start == starts[-1]],
            )

    def _end(
        self,
        run_id: str,
        state: str,
        reason: str,
        at: int,
        *,
        metrics: list[Metric] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        last = {names.REASON: reason[: names.NOTE_LENGTH]} if reason else {}
        self._log(run_id, metrics=metrics, tags={**(tags or {}), **last, names.STATE: state})
        self.client.set_terminated(run_id, status=_ENDS[state], end_time=at)
