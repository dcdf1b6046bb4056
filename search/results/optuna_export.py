"""Exports the trials of a study to an Optuna storage."""

from datetime import datetime

import optuna
from optuna.exceptions import DuplicatedStudyError
from optuna.trial import FrozenTrial, create_trial

from search.backends.optuna import STATES, distribution
from search.errors import BadInput
from search.space.space import Space
from search.study.restore import proposal_of, running_scores
from search.tracking.reading import FINISHED, Record, children, curves
from search.tracking.store.connection import Client


def export_to_optuna(client: Client, record: Record, space: Space, *, epochs: int, url: str) -> int:
    """Writes the finished trials of a study in the order of their numbers and returns their count.

    A trial has its curve as intermediate values, with epochs counted as pruners count them, and the
    id of its run. A trial that repeats a point has the score of the original.

    Args:
        client: client of the store.
        record: run of the study.
        space: search space of the study.
        epochs: configured number of epochs of a full training.
        url: SQLAlchemy URL of the Optuna storage.

    Raises:
        BadInput: the storage cannot be used, or already has a study of that name.
    """
    longest = space.longest(epochs)
    runs = [run for run in children(client, record) if run.kind == "trial"]
    ended = sorted((run for run in runs if run.state in FINISHED), key=lambda run: run.number)
    trials = [_trial(client, run, space, longest) for run in ended]
    study = _create_study(record.study, url)
    study.set_user_attr("mlflow_run_id", record.run_id)
    study.add_trials(trials)
    return len(trials)


def _create_study(name: str, url: str) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        return optuna.create_study(
            study_name=name, storage=optuna.storages.get_storage(url), direction="minimize"
        )
    except DuplicatedStudyError:
        raise BadInput(
            f"{url} already has a study {name!r}: use another database, or delete the study:\n"
            f"optuna delete-study --study-name {name} --storage {url}"
        ) from None
    except Exception as error:  # noqa: BLE001  # from Optuna, a database driver or the disk
        reason = str(error).strip().splitlines()[0]
        raise BadInput(
            f"--to optuna {url}: the storage cannot be opened: {reason}\n"
            "write the URL as SQLAlchemy expects it, e.g. sqlite:///optuna.db"
        ) from None


def _trial(client: Client, run: Record, space: Space, longest: int) -> FrozenTrial:
    point = proposal_of(run, space).point
    distributions = {p.name: distribution(p) for p in space.parameters if p.name in point}
    trial = create_trial(
        state=STATES[str(run.state)],
        value=run.mae if run.state == "complete" else None,
        params=point,
        distributions=distributions,
        intermediate_values=running_scores(curves(client, run), longest),
        user_attrs={"mlflow_run_id": run.run_id, "name": run.name},
    )
    trial.datetime_start = datetime.fromtimestamp(run.started / 1000)  # noqa: DTZ006  # like Optuna
    trial.datetime_complete = datetime.fromtimestamp((run.ended or run.started) / 1000)  # noqa: DTZ006
    return trial
