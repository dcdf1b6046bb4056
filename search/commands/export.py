"""`sweepcast export`: writes the trials of a study into an Optuna storage."""

from rich.text import Text

from search.errors import BadInput
from search.results.optuna_export import export_to_optuna
from search.space.notation import parse_space
from search.terminal.arguments import Parser
from search.terminal.console import console
from search.tracking.reading import find_study
from search.tracking.recorded_config import config_of
from search.tracking.store.connection import open_store, store_uri


def export(arguments: list[str]) -> int:
    """Writes the finished trials of STUDY into an Optuna storage.

    Raises:
        BadInput: the study does not exist, or the storage is unusable or already contains it.
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
    space = parse_space(config)
    count = export_to_optuna(client, record, space, epochs=config.training.epochs, url=url)
    console().print(
        Text(f"Exported {count} trials of {record.study}; view them with: optuna-dashboard {url}"),
        soft_wrap=True,
    )
    return 0
