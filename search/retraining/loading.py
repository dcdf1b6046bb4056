"""Loads the run that a command names: a trial, a finalist or an ensemble."""

from collections.abc import Collection

from search.retraining.ensemble.recorded import RecordedEnsemble, load_ensemble
from search.retraining.recorded_run import RecordedRun, load_trial
from search.tracking.reading import find_run
from search.tracking.store.connection import open_store, store_uri


def load_run(run: str, trusted: Collection[str] = ()) -> RecordedRun | RecordedEnsemble:
    """Loads a run from the store in use.

    Args:
        run: id of the run, STUDY:best or STUDY:ensemble.
        trusted: other packages whose builders the configuration may name.

    Raises:
        BadInput: there is no such run, or its files or series are missing or were altered.
        DatasetError: the series cannot be read.
    """
    client = open_store(store_uri(None), create=False)
    record = find_run(client, run)
    load = load_ensemble if record.kind == "ensemble" else load_trial
    return load(record, client, trusted)
