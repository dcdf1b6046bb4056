"""Finds the stored study that matches a configuration, or creates it."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.exceptions import MlflowException

from datasets import Series
from search.config.dotted import flatten
from search.config.identity import identity, identity_parts
from search.config.schema import from_plain
from search.errors import BadInput
from search.tracking import names
from search.tracking.git import Checkout
from search.tracking.ledger import Ledger
from search.tracking.reading import FINISHED, Record, children, curves, studies
from search.tracking.recorded_config import recorded_values
from search.tracking.store.connection import artifact_location, exists, open_store
from search.tracking.store.files import SQLITE, read_artifact
from search.tracking.store.lock import SETTLED, held
from search.tracking.tags import StudyTags

# Number of differing settings that an error message lists.
_NAMED = 4


@dataclass(frozen=True)
class StoredStudy:
    """A study in the store, with its child runs."""

    client: MlflowClient
    record: Record

    @cached_property
    def runs(self) -> list[Record]:
        """The trials and baselines, read from the store once, on first access."""
        return children(self.client, self.record)

    def curves(self, wanted: bool) -> dict[int, list[list[float]]]:
        """Returns the curves of finished trials by trial number; empty if not `wanted`."""
        finished = [run for run in self.runs if run.kind == "trial" and run.state in FINISHED]
        return {run.number: curves(self.client, run) for run in finished} if wanted else {}


def find_same(uri: str, name: str, parts: Mapping[str, Any]) -> StoredStudy | None:
    """Returns the study `name`, or None if there is no store at `uri` or no such study in it.

    Raises:
        BadInput: the store cannot be used, or its study of that name has other settings. The store
            is left unchanged.
    """
    if not exists(uri):
        return None
    client = open_store(uri, create=False)
    record = next(iter(_same_named(client, name)), None)
    if record is None:
        return None
    if record.tags.get(names.IDENTITY) != identity(dict(parts)):
        raise BadInput(_difference(client, record, parts))
    return StoredStudy(client, record)


def resume(found: StoredStudy, tags: StudyTags) -> Ledger:
    """Reopens a study and marks the runs that were open when it stopped as lost."""
    client, record = found.client, found.record
    experiment = client.get_run(record.run_id).info.experiment_id
    client.update_run(record.run_id, status="RUNNING")
    ledger = Ledger(client, experiment, record.run_id, tags)
    ledger.log_diff()
    ledger.lose_open(found.runs, "the study stopped during this run")
    return ledger


def ledger_of(client: MlflowClient, record: Record, checkout: Checkout | None) -> Ledger:
    """Opens the study that a run belongs to, so that runs can be added to it."""
    run = client.get_run(record.run_id)
    tags = StudyTags(record.study, record.tag(names.BACKEND), record.tag(names.DIGEST), checkout)
    ledger = Ledger(client, run.info.experiment_id, record.tag(names.PARENT), tags)
    ledger.log_diff()
    return ledger


def create(
    uri: str,
    *,
    dataset: str,
    tags: StudyTags,
    parts: Mapping[str, Any],
    series: Series,
    config_yaml: bytes,
) -> Ledger:
    """Creates a new study, and the store if it does not exist.

    Raises:
        BadInput: another process is creating the same study.
    """
    client = open_store(uri, create=True)
    if _same_named(client, tags.study):
        raise held(tags.study)
    ledger = open_study(
        client,
        uri,
        dataset=dataset,
        tags=tags,
        identity=identity(dict(parts)),
        series=series,
        files={"config.yaml": config_yaml},
    )
    if not uri.startswith(SQLITE):  # no lock protects this yet: of two new studies, keep the first
        time.sleep(SETTLED)
        first = _same_named(client, tags.study)[0]
        if first.run_id != ledger.parent:
            client.delete_run(ledger.parent)
            raise held(tags.study)
    return ledger


def _same_named(client: MlflowClient, name: str) -> list[Record]:
    """Returns the studies called `name`, oldest first."""
    found = [record for record in studies(client) if record.study == name]
    return sorted(found, key=lambda record: (record.started, record.run_id))


def open_study(
    client: MlflowClient,
    uri: str,
    *,
    dataset: str,
    tags: StudyTags,
    identity: str,
    series: Series,
    files: Mapping[str, bytes],
) -> Ledger:
    """Creates the run of a new study, and its experiment if that is missing."""
    experiment = _experiment(client, uri, names.experiment_name(dataset))
    run = client.create_run(
        experiment,
        run_name=tags.study,
        tags={
            **tags.as_dict(),
            names.KIND: "study",
            names.IDENTITY: identity,
            names.FILLED: str(series.missing),
            names.UNIT: series.unit,
        },
    )
    ledger = Ledger(client, experiment, run.info.run_id, tags)
    ledger.log_files(ledger.parent, files)
    ledger.log_diff()
    source = Dataset(
        name=dataset,
        digest=series.digest[:36],  # MLflow's limit
        source_type="local",
        source=json.dumps({"source": series.source}),
        profile=json.dumps({"steps": len(series.values), "missing": series.missing}),
    )
    inputs = [DatasetInput(source, [InputTag("mlflow.data.context", "training")])]
    try:
        client.log_inputs(ledger.parent, inputs)
    except MlflowException:  # another study has just added the same series: it exists now
        client.log_inputs(ledger.parent, inputs)
    return ledger


def _experiment(client: MlflowClient, uri: str, name: str) -> str:
    """Returns the id of an experiment. Creates it if missing, restores it if deleted."""
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            made = client.create_experiment(
                name,
                artifact_location=artifact_location(uri, name),
                tags={names.EXPERIMENT_KIND: "custom_model_development"},
            )
            return str(made)
        except MlflowException:  # another study has just created it
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _difference(client: MlflowClient, record: Record, parts: Mapping[str, Any]) -> str:
    text = read_artifact(client, record.run_id, "config.yaml")
    ours = flatten(dict(parts))
    theirs = (
        flatten(
            identity_parts(
                from_plain(recorded_values(record, text)), record.tags.get(names.DIGEST, "")
            )
        )
        if text
        else {}
    )
    differing = [
        key for key in sorted(ours.keys() | theirs.keys()) if ours.get(key) != theirs.get(key)
    ]
    shown = ", ".join(
        f"{key} {theirs.get(key)!r} → {ours.get(key)!r}" for key in differing[:_NAMED]
    )
    more = f" and {len(differing) - _NAMED} more" if len(differing) > _NAMED else ""
    return (
        f"the store already has a study {record.study!r} with other settings:\n{shown}{more}\n"
        "set study.name to another name, or leave it out"
    )
