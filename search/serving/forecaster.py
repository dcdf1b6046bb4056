"""A trained model with everything needed to forecast from raw history."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_origin

import pandas as pd

from datasets import Series
from datasets.windows import fill_forward
from search.engine.environment import prepare_process
from search.serving.described import Described, intervals_of, reading
from search.serving.net import LoadedNet, Net

SPEC, MODEL = "forecaster.json", "model.keras"


@dataclass(frozen=True, eq=False)
class Forecaster(Net, Described):
    """A trained net and the properties of its series."""

    @property
    def models(self) -> tuple[bytes, ...]:
        """The contents of all .keras files."""
        return (self.model,)

    @property
    def shown_steps(self) -> int:
        """The number of steps of the history that a figure of a forecast shows."""
        return self.window_size

    def files(self) -> dict[str, bytes]:
        """Returns the forecaster as files, by name."""
        spec = {key: value for key, value in asdict(self).items() if key != "model"}
        spec["intervals"] = self.plain_intervals()
        return {SPEC: json.dumps(spec, indent=1).encode(), MODEL: self.model}

    @classmethod
    def read(cls, folder: Path) -> "Forecaster":
        """Returns the forecaster whose `files` are in a folder.

        Raises:
            BadInput: a file is missing or damaged.
        """
        with reading(SPEC):
            spec = json.loads((folder / SPEC).read_text("utf-8"))
            model = (folder / MODEL).read_bytes()
            check_types(spec, cls)
            spec["intervals"] = intervals_of(spec["intervals"], spec["horizon"])
            return cls(**{**spec, "channels": tuple(spec["channels"])}, model=model)


def check_types(spec: dict[str, Any], kind: type[Any]) -> None:
    """Checks that all values have the types of a forecaster; tuples are stored as lists.

    Raises:
        KeyError: a value is missing.
        TypeError: a value has another type or range; the message names it.
    """
    for field in fields(kind):
        if field.name in spec:
            wanted = {"channels": list, "intervals": dict}.get(
                field.name, get_origin(field.type) or field.type
            )
            if type(spec[field.name]) is not wanted:
                raise TypeError(f"{field.name} is {spec[field.name]!r}")
    sizes = {"window_size": 1, "horizon": 1, "threads": 1, "max_gap": 0, "lag": 0, "calendar": 0}
    known = {field.name for field in fields(kind)}
    limits = {name: least for name, least in sizes.items() if name in known}
    small = next((name for name, least in limits.items() if spec[name] < least), None)
    if small or not all(isinstance(name, str) for name in spec["channels"]):
        raise TypeError(f"{small or 'channels'} is {spec[small or 'channels']!r}")
    if not 0 <= spec["target"] < len(spec["channels"]):
        raise TypeError(f"target is {spec['target']}, with {len(spec['channels'])} channels")


class LoadedForecaster:
    """A forecaster whose model is loaded into memory."""

    def __init__(self, forecaster: Forecaster, trusted: Collection[str] = ()) -> None:
        self.forecaster: Described = forecaster
        prepare_process(forecaster.threads)
        self._net = LoadedNet(forecaster, forecaster.horizon, SPEC, trusted)

    def forecast(self, history: Series) -> pd.DataFrame:
        """Returns the forecast of the H steps after the last reading of the target.

        Args:
            history: at least `least` steps; gaps of up to `max_gap` are filled from the past.

        Returns:
            A table as described in `Described.table`, in the series' units.

        Raises:
            BadInput: the history is too short, or has other channels or another frequency.
            DatasetError: a gap is too long.
        """
        values, _ = fill_forward(self.forecaster.ordered(history))
        outputs = self._net.outputs(values, history.timestamps)
        return self.forecaster.table(history, outputs)
