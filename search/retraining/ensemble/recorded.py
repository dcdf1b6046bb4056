"""Loads a recorded ensemble with its members, and combines them when they are trained again.

N forecast origins, H horizon.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.baselines.scoring import Baseline, Targets
from search.ensembles.build import result_of
from search.ensembles.candidates import Candidate, read_forecasts
from search.ensembles.ensemble import CANDIDATES, FILE, Ensemble
from search.ensembles.pictures import pictures
from search.errors import BadInput
from search.retraining.recorded_run import (
    Recorded,
    RecordedRun,
    check_identity,
    load_trial,
    recorded_series,
    usable_config,
)
from search.tracking import names
from search.tracking.reading import Record, find_run, find_study
from search.tracking.recorded_config import config_of
from search.tracking.store.connection import Client
from search.tracking.store.files import read_artifact, read_bytes
from search.trial.data import ALL
from search.trial.result import Result
from search.trial.trial import Plan

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RecordedEnsemble(Recorded):
    """An ensemble, with its members that are trials; its configuration is that of the study.

    Attributes:
        ensemble: the weights of the candidates.
        trials: the members that are trials or finalists, in the order of `ensemble.members`.
        seeds: number of seeds that each of them is trained with; their forecasts are averaged.
    """

    ensemble: Ensemble
    trials: tuple[RecordedRun, ...]
    seeds: int

    @property
    def textbook(self) -> dict[str, Any]:
        """The options of the textbook baselines that are members; the others need no fit."""
        names_ = {member.name for member in self.ensemble.members if member.kind == "baseline"}
        return {name: own for name, own in self.config.baselines.items() if name in names_}

    def with_executions(self, count: int) -> "RecordedEnsemble":
        """Returns the same ensemble with `count` seeds of each trial."""
        trials = tuple(trial.with_executions(count) for trial in self.trials)
        return replace(self, trials=trials, seeds=count)

    def plans(self, block: str, beside: Sequence[Baseline], seed: int, title: str) -> list[Plan]:
        """Returns the plans that train the trials; none if all members are baselines."""
        return [plan for trial in self.trials for plan in trial.plans(block, beside, seed, title)]

    def begin(
        self,
        kind: str,
        plans: Sequence[Plan],  # noqa: ARG002  # a trial's run has the params of its plan
        tags: Mapping[str, str],
    ) -> str:
        """Creates the run of a further training of the members and returns its id."""
        params = {names.EXECUTIONS: self.seeds, "ensemble.rule": self.ensemble.rule}
        return self.ledger.start_kind(kind, f"{kind} · {self.record.name}", params, tags)

    def result(self, results: Sequence[Result], beside: Sequence[Baseline], block: str) -> Result:
        """Returns the result of the ensemble from the results of its plans.

        Args:
            results: results of `plans`, in the same order.
            beside: baselines on the same targets, best first.
            block: block that was scored.

        Raises:
            BadInput: a baseline that is a member could not be fitted.
        """
        failed = next((one for one in results if one.state != "complete"), None)
        if failed is not None:
            return failed
        duration = sum(one.duration for one in results)
        if block == ALL:
            return Result(-1, "complete", block=ALL, duration=duration)
        trained, baselines = iter(results), {one.name: one.forecasts for one in beside}
        forecasts = []
        for member in self.ensemble.members:
            if member.kind != "baseline":
                forecasts.append(next(trained).averaged)
            elif member.name in baselines:
                forecasts.append(baselines[member.name])
            else:
                raise BadInput(
                    f"the baseline {member.name}, a member of the ensemble, could not be fitted\n"
                    "set a longer time limit for it in the group baselines"
                )
        combined = [
            self.ensemble.of_members.combine(np.stack(fold))
            for fold in zip(*forecasts, strict=True)
        ]
        targets = Targets.of(self.series, self.config.task, block)
        made = pictures(
            combined, targets, self.series, self.config.task, beside[0], self.ensemble.label
        )
        parameters = sum(one.parameters for one in results)
        return replace(
            result_of(combined, targets),
            duration=duration,
            artifacts=made,
            parameters=parameters,
        )

    def candidates(self) -> list[Candidate]:
        """Returns the candidates with their forecasts on the validation block, as stored.

        Raises:
            BadInput: the file with the forecasts is missing or damaged.
        """
        content = read_bytes(self.client, self.record.run_id, CANDIDATES)
        folds = read_forecasts(content)
        count = len(self.ensemble.candidates)
        if not folds or any(fold.ndim != 3 or len(fold) != count for fold in folds):
            raise BadInput(f"{CANDIDATES} of run {self.record.run_id} is missing or damaged")
        return [
            Candidate(one.kind, one.name, one.run_id, tuple(fold[i] for fold in folds))
            for i, one in enumerate(self.ensemble.candidates)
        ]


def load_ensemble(
    record: Record, client: Client, trusted: Collection[str] = ()
) -> RecordedEnsemble:
    """Loads an ensemble and its members from the store.

    Args:
        record: run of the ensemble.
        client: client of the store.
        trusted: other packages whose builders the configuration may name.

    Raises:
        BadInput: files or series are missing or were altered, or a member no longer exists.
        DatasetError: the series cannot be read.
    """
    study = find_study(client, record.study)
    text = read_artifact(client, record.run_id, FILE)
    if text is None:
        raise BadInput(f"run {record.run_id} has no {FILE}")
    ensemble = Ensemble.from_json(text)
    config = usable_config(client, study, trusted)
    check_identity(config_of(client, study, trusted), record.tag(names.DIGEST), study)
    trials = []
    for member in ensemble.members:
        if member.kind == "baseline":
            continue
        run = find_run(client, member.run_id, ("trial", "finalist"))
        if run.study != record.study:
            raise BadInput(f"{FILE} of run {record.run_id} names a run of another study")
        trials.append(load_trial(run, client, trusted))
    return RecordedEnsemble(
        client,
        record,
        study,
        config,
        recorded_series(record, config),
        ensemble,
        tuple(trials),
        config.study.finalist_executions,
    )
