"""Carries out `sweepcast export STUDY --to optuna URL`: a study for the tools of others."""

from datetime import datetime

import optuna
from optuna.exceptions import DuplicatedStudyError
from optuna.trial import FrozenTrial, create_trial
from rich.text import Text

from search.backends.optuna import STATES, distribution
from search.errors import BadInput
from search.restore import proposal_of, running_scores
from search.space import Space
from search.space_notation import parse_space
from search.terminal import Parser, console
from search.tracking.reading import FINISHED, Record, children, curves, find_study
from search.tracking.recorded import config_of
from search.tracking.store import Client, open_store, store_uri


def export(arguments: list[str]) -> int:
    """Writes the ended trials of STUDY into an Optuna storage, in the order of their numbers.

    A trial has its curve as intermediate values, counted as pruners count epochs, and names its
    run. A repetition has the score of its original.

    Raises:
        BadInput: there is no such study, or the storage cannot be used or has it already.
    """
    parser = Parser(prog="sweepcast export")
    parser.add_argument("study", metavar="STUDY")
    parser.add_argument("--to", nargs=2, required=True, metavar=("optuna", "URL"))
    parser.add_argument("--trust", action="append", default=[], metavar="PACKAGE")
    options = parser.parse_args(arguments)
    kind, url = options.to
    if kind != "optuna":
        parser.error(f"--to is {kind!r}: possible: optuna")
    uri = store_uri(None)
    if store_uri(url) == uri:
        raise BadInput(f"--to optuna {url} is the MLflow store itself: name another database")
    client = open_store(uri, create=False)
    record = find_study(client, options.study)
    config = config_of(client, record, options.trust)
    space, longest = parse_space(config), config.training.epochs
    runs = [run for run in children(client, record) if run.kind == "trial"]
    ended = sorted((run for run in runs if run.state in FINISHED), key=lambda run: run.number)
    trials = [_trial(client, run, space, space.longest(longest)) for run in ended]
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(
            study_name=record.study, storage=optuna.storages.get_storage(url), direction="minimize"
        )
    except DuplicatedStudyError:
        raise BadInput(
            f"{url} has a study {record.study!r} already: name another database, or delete it:\n"
            f"optuna delete-study --study-name {record.study} --storage {url}"
        ) from None
    except Exception as error:  # noqa: BLE001  # of Optuna, of its database's driver, of a disk
        reason = str(error).strip().splitlines()[0]
        raise BadInput(
            f"--to optuna {url}: no such storage can be opened: {reason}\n"
            "write it as SQLAlchemy does, e.g. sqlite:///optuna.db"
        ) from None
    study.set_user_attr("mlflow_run_id", record.run_id)
    study.add_trials(trials)
    console().print(
        Text(f"{len(trials)} trials of {record.study} are in {url}: optuna-dashboard {url}"),
        soft_wrap=True,
    )
    return 0


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
    trial.datetime_start = datetime.fromtimestamp(run.started / 1000)  # noqa: DTZ006  # as Optuna's
    trial.datetime_complete = datetime.fromtimestamp((run.ended or run.started) / 1000)  # noqa: DTZ006
    return trial
