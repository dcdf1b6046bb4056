"""Loads a recorded run with everything needed to retrain it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from datasets import Series
from search.backends.base import Proposal
from search.baselines.scoring import Baseline
from search.config.dotted import flatten, with_values
from search.config.identity import identity, identity_parts
from search.config.schema import Config, from_plain
from search.config.validation import validated
from search.engine.environment import prepare_process, require_tensorflow
from search.errors import BadInput
from search.seeds import derived
from search.space.notation import parse_space
from search.study.restore import proposal_of
from search.tracking import git, names
from search.tracking.ledger import Ledger
from search.tracking.reading import Record, children, find_study, trial_runs
from search.tracking.recorded_config import config_of
from search.tracking.store.connection import Client
from search.tracking.studies import ledger_of
from search.trial.data import load_series
from search.trial.result import Result
from search.trial.trial import Plan


@dataclass(frozen=True, eq=False)
class Recorded:
    """A run with everything needed to train it again.

    Attributes:
        config: complete configuration of the run.
        series: the same series that the run was trained on.
    """

    client: Client
    record: Record
    study: Record
    config: Config
    series: Series

    @property
    def ledger(self) -> Ledger:
        """The ledger for further runs of the same study."""
        return ledger_of(self.client, self.record, git.checkout())

    @property
    def validated_baselines(self) -> dict[str, float]:
        """The MAE of the study's baselines on the validation block by name, best first."""
        runs = [run for run in children(self.client, self.study) if run.kind == "baseline"]
        scored = [(run.mae, run.tags.get(names.BASELINE, "")) for run in runs]
        return {name: mae for mae, name in sorted((m, n) for m, n in scored if m is not None)}


@dataclass(frozen=True, eq=False)
class RecordedRun(Recorded):
    """A run of a trial or finalist; its configuration has the values of the trial.

    Attributes:
        proposal: the trial's proposal.
        epochs: number of epochs to train; None uses the configuration's.
    """

    proposal: Proposal
    epochs: int | None = None

    @property
    def seeds(self) -> int:
        """The number of seeds that it is trained with."""
        return self.config.study.executions

    def plan(self, block: str, beside: Sequence[Baseline], *, seed: int, title: str) -> Plan:
        """Returns the plan that retrains the run and scores `block`.

        Args:
            block: `validation`, `test` or `all`.
            beside: baselines to compare with, best first.
            seed: seed of the training.
            title: title of the plan, after the number of the trial.
        """
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
            epochs=self.epochs,
        )

    def plans(self, block: str, beside: Sequence[Baseline], seed: int, title: str) -> list[Plan]:
        """Returns the plans that train the run with seeds that depend on the trial and `seed`."""
        seed = derived(self.config.study.seed, self.record.number, seed)
        return [self.plan(block, beside, seed=seed, title=title)]

    def begin(self, kind: str, plans: Sequence[Plan], tags: Mapping[str, str]) -> str:
        """Creates the run of a further training of these plans and returns its id."""
        return self.ledger.start_again(kind, plans[0], tags)

    def result(
        self,
        results: Sequence[Result],
        beside: Sequence[Baseline],  # noqa: ARG002  # ensembles contain baselines
        block: str,  # noqa: ARG002
    ) -> Result:
        """Returns the result of a training from the results of its plans."""
        return results[0]

    def keeping_model(self) -> "RecordedRun":
        """Returns the same run with a configuration that keeps the model and draws no figures."""
        tracking = replace(self.config.tracking, models="all", figures="none")
        return replace(self, config=replace(self.config, tracking=tracking))

    def with_executions(self, count: int) -> "RecordedRun":
        """Returns the same run with `count` executions."""
        study = replace(self.config.study, executions=count)
        return replace(self, config=replace(self.config, study=study))


def load_trial(record: Record, client: Client, trusted: Collection[str] = ()) -> RecordedRun:
    """Loads a run of a trial or finalist from the store.

    Args:
        record: the run.
        client: client of the store.
        trusted: other packages whose builders the configuration may name.

    Raises:
        BadInput: its files or series are missing or were altered.
        DatasetError: the series cannot be read.
    """
    study = find_study(client, record.study)
    config = usable_config(client, record, trusted)
    proposal = _unaltered(client, record, study, config, trusted)
    return RecordedRun(client, record, study, config, recorded_series(record, config), proposal)


def usable_config(client: Client, record: Record, trusted: Collection[str]) -> Config:
    """Returns the checked configuration of a run, and prepares this process to train with it.

    Raises:
        BadInput: the configuration is missing or not valid.
    """
    config = config_of(client, record, trusted)
    require_tensorflow()
    prepare_process(config.engine.threads)
    # Never connect to a stored address: a server there could send anything to unpickle.
    return validated(replace(config, engine=replace(config.engine, address=None)))


def _unaltered(
    client: Client, record: Record, study: Record, config: Config, trusted: Collection[str]
) -> Proposal:
    """Checks the configuration of a run against its study, and returns the backend's proposal.

    Raises:
        BadInput: config.yaml of the run or of its study was altered.
    """
    searched = config_of(client, study, trusted)
    space = parse_space(searched)
    experiment = client.get_run(study.run_id).info.experiment_id
    runs = trial_runs(client, experiment, study.run_id, record.number)
    if not runs:
        raise BadInput(
            f"trial {record.number} of study {study.study!r}, to which run {record.run_id} "
            "belongs, no longer exists"
        )
    trial = runs[0]
    proposal = proposal_of(trial, space)
    values = {**space.pins, **proposal.point}
    if proposal.epochs is not None:
        values["training.epochs"] = proposal.epochs
    # Budget, engine and tracking may change when a study is resumed, so they are not compared.
    if record.kind == "finalist":
        values["study.executions"] = record.whole(names.EXECUTIONS)
    digest = record.tag(names.DIGEST)
    made = from_plain(with_values(searched.plain(), values))
    expected, found = (flatten(identity_parts(one, digest)) for one in (made, config))
    for key in sorted(expected.keys() | found.keys()):
        if expected.get(key) != found.get(key):
            raise BadInput(
                f"config.yaml of run {record.run_id} or of its study was altered:\n"
                f"{key} is {found.get(key)!r} in the run, but should be {expected.get(key)!r} "
                "according to the study"
            )
    check_identity(searched, digest, study)
    return proposal


def check_identity(config: Config, digest: str, study: Record) -> None:
    """Checks the configuration of a study against the identity in its tags.

    Raises:
        BadInput: config.yaml of the study was altered.
    """
    if identity(identity_parts(config, digest)) != study.tags.get(names.IDENTITY):
        raise BadInput(
            f"config.yaml of study {study.study!r} was altered: it does not match its identity"
        )


def recorded_series(record: Record, config: Config) -> Series:
    """Returns the series that a run was trained on.

    Raises:
        BadInput: the series has changed since the run.
        DatasetError: the series cannot be read.
    """
    series = load_series(config.dataset)
    if series.digest != record.tag(names.DIGEST):
        raise BadInput(
            f"the series of run {record.run_id} has changed since then: its digest differs\n"
            f"restore {config.dataset.get('source') or 'the series'}, or run a new sweep"
        )
    return series
