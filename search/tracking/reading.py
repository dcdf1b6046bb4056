"""Reads studies, trials and baselines from MLflow."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from math import isnan
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run, ViewType
from mlflow.exceptions import MlflowException

from search.errors import BadInput, nearest
from search.tracking import names

_PAGE = 1000
FINISHED = ("complete", "pruned", "failed")
RETRAINABLE = ("trial", "finalist", "ensemble")  # kinds of run that can be trained again


@dataclass(frozen=True)
class Record:
    """One run of a study.

    Attributes:
        state: complete, pruned, failed or lost; None while the run is open.
        started: start time in ms since the epoch.
        ended: end time in ms since the epoch; None while the run is open.
    """

    run_id: str
    name: str
    kind: str
    study: str
    state: str | None
    started: int
    ended: int | None
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """Number of the trial; -1 if the tag was tampered with, since no trial has that number."""
        written = self.tag(names.TRIAL)
        return int(written) if written.isdecimal() else -1

    def tag(self, name: str) -> str:
        """Returns a tag that the run must have.

        Raises:
            BadInput: the tag is missing.
        """
        if name not in self.tags:
            raise BadInput(f"run {self.run_id} no longer has the tag {name}")
        return self.tags[name]

    def whole(self, param: str) -> int:
        """Returns a param as an integer.

        Raises:
            BadInput: the param is missing or is not an integer.
        """
        written = self.params.get(param, "")
        if not written.removeprefix("-").isdecimal():
            raise BadInput(f"run {self.run_id} has no integer param {param}")
        return int(written)

    @property
    def unit(self) -> str:
        """Unit of the series, which only the run of a study records."""
        return self.tags.get(names.UNIT, "")

    @property
    def mae(self) -> float | None:
        """The score in the series' units; None for a failed trial, even if it has a curve."""
        return None if self.state == "failed" else self.metrics.get("validation/mae")


def studies(client: MlflowClient) -> list[Record]:
    """Returns the runs of all studies, latest first."""
    found = _runs(client, _experiments(client), f"tags.`{names.KIND}` = 'study'")
    return sorted(found, key=lambda record: -record.started)


def find_study(client: MlflowClient, name: str | None) -> Record:
    """Returns the study `name`, or the latest study if `name` is None.

    Raises:
        BadInput: there is no such study.
    """
    found = studies(client)
    if name is None and found:
        return found[0]
    for record in reversed(found):  # a sweep resumes the oldest study of that name
        if record.study == name:
            return record
    if name is None:
        raise BadInput("the store has no study yet\nstart one with sweepcast sweep")
    raise BadInput(
        f"there is no study {name!r} in the store: {nearest(name, [r.study for r in found])}"
    )


def find_run(client: MlflowClient, text: str, kinds: Collection[str] = RETRAINABLE) -> Record:
    """Returns the run for the argument RUN: a run id, `STUDY:best` or `STUDY:ensemble`.

    If the run repeats the point of another trial, returns the run of that trial.

    Args:
        client: client of the store.
        text: the argument RUN.
        kinds: kinds of run that are accepted.

    Raises:
        BadInput: there is no such run, or it is of another kind.
    """
    study, colon, word = text.rpartition(":")
    if colon and word == "best":
        record = find_study(client, study)
        if names.BEST not in record.tags:
            raise BadInput(f"study {study!r} has no best trial: {record.tags.get(names.RESULT)}")
        text = record.tags[names.BEST]
    if colon and word == "ensemble":
        text = find_ensemble(client, find_study(client, study)).run_id
    try:
        found = _record(client.get_run(text))
    except MlflowException:
        raise BadInput(
            f"there is no run {text!r} in the store\n"
            "possible: a run id from `sweepcast leaderboard`, STUDY:best or STUDY:ensemble"
        ) from None
    if found.kind not in kinds:
        raise BadInput(
            f"run {text} is of kind {found.kind or 'unknown'}\npossible: {', '.join(kinds)}"
        )
    original = found.tags.get(names.DUPLICATE_OF)
    if original is None:
        return found
    for run in children(client, find_study(client, found.study)):
        ended = run.kind == "trial" and run.state in FINISHED
        if ended and run.tags.get(names.TRIAL) == original and names.DUPLICATE_OF not in run.tags:
            return run
    raise BadInput(f"run {text} repeats the point of trial {original}, which no longer exists")


def find_ensemble(client: MlflowClient, study: Record) -> Record:
    """Returns the latest ensemble of a study.

    Raises:
        BadInput: the study has no ensemble.
    """
    found = [r for r in children(client, study) if r.kind == "ensemble" and r.state == "complete"]
    if not found:
        raise BadInput(
            f"study {study.study!r} has no ensemble: run it again with study.ensemble=auto and "
            "more trials"
        )
    return found[-1]


def count_test_reads(client: MlflowClient, digest: str) -> int:
    """Returns how often the test block of the series with this digest was read."""
    condition = f"tags.`{names.DIGEST}` = '{digest}' and tags.`{names.KIND}` = 'evaluation'"
    found = _runs(client, _experiments(client), condition)
    return sum(run.state == "complete" for run in found)


def children(client: MlflowClient, study: Record) -> list[Record]:
    """Returns the trials and baselines of a study, in the order in which they started."""
    return child_runs(client, client.get_run(study.run_id).info.experiment_id, study.run_id)


def child_runs(client: MlflowClient, experiment: str, parent: str) -> list[Record]:
    """Returns the child runs of `parent`, in the order in which they started."""
    found = _runs(client, [experiment], f"tags.`{names.PARENT}` = '{parent}'")
    return sorted(found, key=lambda record: (record.started, record.run_id))


def trial_runs(client: MlflowClient, experiment: str, parent: str, number: int) -> list[Record]:
    """Returns the runs of trial `number` of a study, including lost ones."""
    condition = (
        f"tags.`{names.PARENT}` = '{parent}' and tags.`{names.KIND}` = 'trial' "
        f"and tags.`{names.TRIAL}` = '{number}'"
    )
    return _runs(client, [experiment], condition)


def curves(client: MlflowClient, record: Record) -> list[list[float]]:
    """Returns `validation/mae` by epoch, one list per execution, in the order of training."""
    found = {
        _place(key): _curve(client, record.run_id, key)
        for key in record.metrics
        if re.fullmatch(r"fold_\d+/execution_\d+/validation/mae", key)
    }
    if "validation/mae" in record.metrics:  # execution 0 of the last fold has no prefix
        last = max((fold for fold, _ in found), default=0)
        place = (last + 1, 0) if (last, 0) in found else (last, 0)
        found[place] = _curve(client, record.run_id, "validation/mae")
    return [found[place] for place in sorted(found)]


def _place(key: str) -> tuple[int, int]:
    """Returns (fold, execution) of a key `fold_k/execution_j/…`."""
    fold, execution = (int(part.rpartition("_")[2]) for part in key.split("/")[:2])
    return fold, execution


def _curve(client: MlflowClient, run_id: str, key: str) -> list[float]:
    return list(by_epoch(client, run_id, key).values())


def by_epoch(client: MlflowClient, run_id: str, key: str) -> dict[int, float]:
    """Returns a metric by epoch, in the order of the epochs."""
    found: dict[int, float] = {}
    for point in client.get_metric_history(run_id, key):  # the last epoch also has the final value
        found.setdefault(point.step, point.value)
    return dict(sorted(found.items()))


def all_curves(client: MlflowClient, record: Record) -> dict[str, float]:
    """Returns the metrics of every epoch of every execution, keyed by `<metric> <epoch>`."""
    ends = ("loss", "mae", "val_loss", "val_mae", "validation/mae")
    keys = [k for k in record.metrics if k in ends or (k.startswith("fold_") and k.endswith(ends))]
    return {
        f"{key} {epoch}": value
        for key in keys
        for epoch, value in by_epoch(client, record.run_id, key).items()
    }


def _experiments(client: MlflowClient) -> list[str]:
    found: list[str] = []
    token: Any = None
    while True:
        page = client.search_experiments(
            filter_string="name LIKE 'sweepcast/%'", max_results=_PAGE, page_token=token
        )
        found += [experiment.experiment_id for experiment in page]
        token = page.token
        if not token:
            return found


def _runs(client: MlflowClient, experiments: list[str], condition: str) -> list[Record]:
    return [_record(run) for run in _pages(client, experiments, condition)] if experiments else []


def _pages(client: MlflowClient, experiments: list[str], condition: str) -> Iterator[Run]:
    token: Any = None
    while True:
        page = client.search_runs(
            experiments, condition, ViewType.ACTIVE_ONLY, max_results=_PAGE, page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def without_withdrawn(metrics: Mapping[str, float]) -> dict[str, float]:
    """Returns metrics without a skill that is not known any more, which is recorded as NaN."""
    unknown = {name for name in (names.SKILL, *names.INTERVAL) if isnan(metrics.get(name, 0.0))}
    return {name: value for name, value in metrics.items() if name not in unknown}


def _record(run: Run) -> Record:
    tags = dict(run.data.tags)
    return Record(
        run_id=run.info.run_id,
        name=tags.get(names.RUN_NAME, run.info.run_id),
        kind=tags.get(names.KIND, ""),
        study=tags.get(names.STUDY, ""),
        state=tags.get(names.STATE),
        started=run.info.start_time,
        ended=run.info.end_time,
        tags=tags,
        params=dict(run.data.params),
        metrics=without_withdrawn(run.data.metrics),
    )
