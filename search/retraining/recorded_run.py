"""Finds a recorded run and all that is needed to train it again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from datasets import Series
from search.backends.base import Proposal
from search.config.dotted import flatten, with_values
from search.config.identity import identity, identity_parts
from search.config.schema import Config, from_plain
from search.config.validation import validated
from search.engine.environment import prepare_process, require_tensorflow
from search.errors import BadInput
from search.space.notation import parse_space
from search.study.baselines import Baseline
from search.study.restore import proposal_of
from search.tracking import git, names
from search.tracking.ledger import Ledger
from search.tracking.reading import (
    Record,
    find_run,
    find_study,
    trial_runs,
)
from search.tracking.recorded_config import config_of
from search.tracking.store.connection import (
    Client,
    open_store,
    store_uri,
)
from search.tracking.studies import ledger_of
from search.trial.data import load_series
from search.trial.trial import Plan


@dataclass(frozen=True, eq=False)
class RecordedRun:
    """A run of a trial or finalist, as it can be trained again.

    Attributes:
        config: complete, with the values of the trial.
        series: the very one that it was trained on.
    """

    client: Client
    record: Record
    study: Record
    proposal: Proposal
    config: Config
    series: Series

    @property
    def ledger(self) -> Ledger:
        """Takes further runs of its study."""
        return ledger_of(self.client, self.record, git.checkout())

    def plan(self, block: str, beside: Sequence[Baseline], *, seed: int, title: str) -> Plan:
        """Returns the plan that trains it again and scores `block` beside baselines, best first."""
        return Plan(
            number=self.record.number,
            config=self.config.plain(),
            point=self.proposal.point,
            seed=seed,
            digest=self.series.digest,
            baselines=tuple((one.name, one.forecast) for one in beside),
            baseline_mae=beside[0].mae,
            prunable=False,
            title=f"trial {self.record.number}, {title}",
            block=block,
        )

    def with_executions(self, count: int) -> "RecordedRun":
        """Returns the same with so many seeds."""
        study = replace(self.config.study, executions=count)
        return replace(self, config=replace(self.config, study=study))


def load_run(run: str, trusted: Collection[str] = ()) -> RecordedRun:
    """Returns the run that `run` (an id, or STUDY:best) names.

    Args:
        run: of the store in use.
        trusted: packages beside ours whose builders its configuration may name.

    Raises:
        BadInput: there is no such run, or its files or series are gone or were altered.
        DatasetError: its series cannot be read.
    """
    client = open_store(store_uri(None), create=False)
    record = find_run(client, run)
    study = find_study(client, record.study)
    config = config_of(client, record, trusted)
    require_tensorflow()
    prepare_process(config.engine.threads)
    # A stored address is not connected to: whoever answers there could send anything to unpickle.
    config = validated(replace(config, engine=replace(config.engine, address=None)))
    proposal = _unaltered(client, record, study, config, trusted)
    return RecordedRun(client, record, study, proposal, config, recorded_series(record, config))


def _unaltered(
    client: Client, record: Record, study: Record, config: Config, trusted: Collection[str]
) -> Proposal:
    """Returns what the backend had proposed, from which the configuration follows.

    Raises:
        BadInput: config.yaml of the run says something else, or that of its study was altered.
    """
    searched = config_of(client, study, trusted)
    space = parse_space(searched)
    experiment = client.get_run(study.run_id).info.experiment_id
    runs = trial_runs(client, experiment, study.run_id, record.number)
    if not runs:
        raise BadInput(
            f"trial {record.number} of study {study.study!r} is gone, which run {record.run_id} "
            "was trained by"
        )
    trial = runs[0]
    proposal = proposal_of(trial, space)
    values = {**space.pins, **proposal.point}
    if proposal.epochs is not None:
        values["training.epochs"] = proposal.epochs
    # Budget, engine and tracking may change while resuming, and are not compared.
    if record.kind == "finalist":
        values["study.executions"] = record.whole(names.EXECUTIONS)
    digest = record.tag(names.DIGEST)
    made = from_plain(with_values(searched.plain(), values))
    due, found = (flatten(identity_parts(one, digest)) for one in (made, config))
    for key in sorted(due.keys() | found.keys()):
        if due.get(key) != found.get(key):
            raise BadInput(
                f"config.yaml of run {record.run_id} or of its study was altered:\n"
                f"{key} is {found.get(key)!r} in the run's, and follows as {due.get(key)!r} "
                "from the study's"
            )
    if identity(identity_parts(searched, digest)) != study.tags.get(names.IDENTITY):
        raise BadInput(
            f"config.yaml of study {study.study!r} was altered: it is not the one of its identity"
        )
    return proposal


def recorded_series(record: Record, config: Config) -> Series:
    """Returns the series that a run was trained on.

    Raises:
        BadInput: it has changed since.
        DatasetError: it cannot be read.
    """
    series = load_series(config.dataset)
    if series.digest != record.tag(names.DIGEST):
        raise BadInput(
            f"the series of run {record.run_id} has changed since: its digest differs\n"
            f"bring {config.dataset.get('source') or 'the series'} back as it was, or sweep again"
        )
    return series
