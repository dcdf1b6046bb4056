"""`sweepcast forecast`: forecasts from a raw history with a trained model."""

import os
import re
from collections.abc import Collection
from pathlib import Path

import pandas as pd
from rich.text import Text

from datasets import Series
from datasets.parsing.frequency import shown
from search.engine.environment import require_tensorflow
from search.errors import BadInput
from search.serving.described import Described
from search.serving.inputs import from_file
from search.serving.loading import Served, load_forecaster, read_forecaster
from search.terminal.arguments import Parser
from search.terminal.console import console
from search.terminal.tables import new_table
from search.tracking import names
from search.tracking.reading import RETRAINABLE, find_run
from search.tracking.registry import champion_files
from search.tracking.store.connection import open_store, store_uri

_RUN_ID = re.compile(r"[0-9a-f]{32}")


def forecast(arguments: list[str]) -> int:
    """Shows the forecast of MODEL for the steps after a history.

    Raises:
        BadInput, DatasetError: the model does not exist or is not a Sweepcast model, or the history
            does not fit it.
    """
    parser = Parser(prog="sweepcast forecast")
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--history", required=True, metavar="FILE")
    parser.add_argument("--output", metavar="CSV")
    parser.add_argument("--plot", metavar="PNG")
    parser.add_argument("--trust", action="append", default=[], metavar="PACKAGE")
    options = parser.parse_args(arguments)
    for name in ("output", "plot"):
        _check_place(name, getattr(options, name))
    require_tensorflow()
    forecaster = _forecaster(options.model, options.trust)
    history = from_file(options.history, forecaster, options.trust)
    table = load_forecaster(forecaster, options.trust).forecast(history)
    _show(forecaster, history, table)
    try:
        if options.output:
            table.to_csv(options.output, index=False, date_format="%Y-%m-%dT%H:%M:%S")
        if options.plot:
            _draw(forecaster, history, table, options.plot)
    except OSError as error:
        raise BadInput(
            f"{error.filename or 'the file'} cannot be written: {error.strerror}"
        ) from None
    return 0


def _check_place(name: str, path: str | None) -> None:
    """Checks that an output file can be written, before anything is read."""
    if not path:
        return
    place = Path(path).absolute()
    if place.is_dir() or not place.parent.is_dir():
        raise BadInput(f"--{name} is {path!r}: it must be a file in an existing folder")
    if not os.access(place if place.exists() else place.parent, os.W_OK):
        raise BadInput(f"--{name} is {path!r}: this file cannot be written")


def _forecaster(text: str, trusted: Collection[str]) -> Served:
    """Returns the model for a registry name, `models:/…`, a run id, or STUDY:best or :ensemble."""
    client = open_store(store_uri(None), create=False)
    if not text.startswith("models:/") and (
        _RUN_ID.fullmatch(text) or text.endswith((":best", ":ensemble"))
    ):
        record = find_run(client, text, (*RETRAINABLE, "champion"))
        if record.kind != "champion":
            from search.promotion.unregistered import forecaster_of_run

            return forecaster_of_run(text, trusted)
        name, _, version = record.tags.get(names.MODEL, "").partition("/")
        text = f"models:/{name}/{version}"
    with champion_files(client, text) as folder:
        return read_forecaster(folder)


def _show(forecaster: Described, history: Series, table: pd.DataFrame) -> None:
    out = console()
    last = shown(history.timestamps[-1])
    target = forecaster.channels[forecaster.target]
    unit = f" in {forecaster.unit}" if forecaster.unit else ""
    out.print(
        Text(f"{forecaster.series}: {target}{unit} after {last}, from {len(history.values)} steps")
    )
    printed = new_table()
    printed.add_column("timestamp")
    printed.add_column("forecast", justify="right")
    levels = [interval.level for interval in forecaster.intervals]
    for level in levels:
        printed.add_column(f"{level} % interval", justify="right")
    for row in table.to_dict("records"):
        spans = [f"{row[f'lower_{level}']:.3f} to {row[f'upper_{level}']:.3f}" for level in levels]
        moment = row["timestamp"].to_datetime64().astype("datetime64[s]")
        printed.add_row(shown(moment), f"{row['forecast']:.3f}", *spans)
    out.print(printed)


def _draw(forecaster: Described, history: Series, table: pd.DataFrame, path: str) -> None:
    from search.plots import style
    from search.plots.forecast import future

    readings = pd.Series(
        history.values[:, history.target], index=pd.DatetimeIndex(history.timestamps)
    )
    figure = future(
        readings,
        table,
        steps=forecaster.shown_steps,
        unit=forecaster.unit,
        title=f"Forecast · {forecaster.series}",
    )
    Path(path).write_bytes(style.to_png(figure))
