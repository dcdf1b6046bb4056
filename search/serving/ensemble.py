"""A forecaster that combines trained nets and baselines.

The nets are .keras files, and the baselines are parameters in JSON; there is no pickle.
Letters: T steps of a history, C channels, H horizon.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isclose
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datasets import Series
from datasets.windows import fill_forward
from models.baselines.history import History
from models.baselines.stored import forecast_from
from models.combination import Combination
from models.errors import CannotForecast
from search.engine.environment import prepare_process
from search.errors import BadInput
from search.serving.described import Described, intervals_of, reading
from search.serving.forecaster import check_types
from search.serving.net import LoadedNet, Net

SPEC = "ensemble.json"
_SIZES = {"window_size": 1, "lag": 0, "calendar": 0}


@dataclass(frozen=True, eq=False)
class ServedMember:
    """A member of an ensemble: nets of one trial, or a baseline.

    Attributes:
        name: name of the trial or baseline.
        weight: its weight in the ensemble.
        nets: the trial, trained with several seeds, whose forecasts are averaged.
        parameters: parameters of the baseline (`models.baselines.stored`); None for a trial.
    """

    name: str
    weight: float
    nets: tuple[Net, ...] = ()
    parameters: dict[str, Any] | None = None

    @property
    def least(self) -> int:
        """The minimum length of a history in steps."""
        if self.parameters is None:
            return max(net.least for net in self.nets)
        return int(self.parameters.get("least", 1))


@dataclass(frozen=True, eq=False)
class EnsembleForecaster(Described):
    """An ensemble and the properties of its series.

    Attributes:
        median: whether the forecast is the median of the members instead of their weighted mean.
        members: the members.
    """

    median: bool
    members: tuple[ServedMember, ...]

    @property
    def models(self) -> tuple[bytes, ...]:
        """The contents of all .keras files."""
        return tuple(net.model for member in self.members for net in member.nets)

    @property
    def least(self) -> int:
        """The minimum length of a history in steps."""
        return max(2, *(member.least for member in self.members))

    def files(self) -> dict[str, bytes]:
        """Returns the forecaster as files, by name."""
        spec = {key: value for key, value in asdict(self).items() if key != "members"}
        files: dict[str, bytes] = {}
        described = []
        for i, member in enumerate(self.members):
            own: dict[str, Any] = {"name": member.name, "weight": member.weight}
            if member.parameters is not None:
                own["parameters"] = member.parameters
            else:
                names = [f"member_{i}_seed_{j}.keras" for j in range(len(member.nets))]
                files |= {name: net.model for name, net in zip(names, member.nets, strict=True)}
                own |= {size: getattr(member.nets[0], size) for size in _SIZES}
                own["models"] = names
            described.append(own)
        spec |= {"intervals": self.plain_intervals(), "members": described}
        return {SPEC: json.dumps(spec, indent=1).encode(), **files}

    @classmethod
    def read(cls, folder: Path) -> "EnsembleForecaster":
        """Returns the forecaster whose `files` are in a folder.

        Raises:
            BadInput: a file is missing or damaged.
        """
        with reading(SPEC):
            spec = json.loads((folder / SPEC).read_text("utf-8"))
            members = tuple(_member(one, folder) for one in spec.pop("members"))
            check_types(spec, Described)
            if type(spec["median"]) is not bool:
                raise TypeError(f"median is {spec['median']!r}")
            if not isclose(sum(one.weight for one in members), 1.0, abs_tol=1e-6):
                raise ValueError("the weights of the members do not add up to 1")
            spec["intervals"] = intervals_of(spec["intervals"], spec["horizon"])
            return cls(**{**spec, "channels": tuple(spec["channels"])}, members=members)


def _member(plain: Mapping[str, Any], folder: Path) -> ServedMember:
    """Returns the member with these plain values.

    Raises:
        KeyError, TypeError, ValueError: a value is missing or damaged.
        FileNotFoundError: a file is missing.
    """
    name, weight = plain["name"], plain["weight"]
    if type(name) is not str or type(weight) is not float or not 0 < weight <= 1:
        raise TypeError(f"a member has the name {name!r} and the weight {weight!r}")
    if "parameters" in plain:
        if type(plain["parameters"]) is not dict:
            raise TypeError(f"parameters of {name} is {plain['parameters']!r}")
        return ServedMember(name, weight, parameters=plain["parameters"])
    for size, least in _SIZES.items():
        if type(plain[size]) is not int or plain[size] < least:
            raise TypeError(f"{size} of {name} is {plain[size]!r}")
    files = [_inside(folder, file) for file in plain["models"]]
    sizes = {size: plain[size] for size in _SIZES}
    if not files:
        raise ValueError(f"{name} has no models")
    return ServedMember(name, weight, tuple(Net(**sizes, model=f.read_bytes()) for f in files))


def _inside(folder: Path, name: str) -> Path:
    """Returns the path of a file of the model.

    Raises:
        ValueError: it is in another folder.
    """
    if Path(name).name != name:
        raise ValueError(f"{name!r} is not the name of a file")
    return folder / name


class LoadedEnsemble:
    """An ensemble whose models are loaded into memory."""

    def __init__(self, ensemble: EnsembleForecaster, trusted: Collection[str] = ()) -> None:
        self.forecaster: Described = ensemble
        self._members = ensemble.members
        self._combination = Combination(
            np.array([one.weight for one in ensemble.members]), ensemble.median
        )
        if ensemble.models:
            prepare_process(ensemble.threads)
        self._nets = [
            [LoadedNet(net, ensemble.horizon, SPEC, trusted) for net in member.nets]
            for member in ensemble.members
        ]

    def forecast(self, history: Series) -> pd.DataFrame:
        """Returns the forecast of the H steps after the last reading; see `LoadedForecaster`.

        Raises:
            BadInput: the history does not fit the ensemble, or its parameters are damaged.
            DatasetError: a gap is too long.
        """
        known = self.forecaster
        values, observed = fill_forward(known.ordered(history))
        readings = History(
            values=values[:, known.target],
            observed=observed[:, known.target],
            timestamps=history.timestamps,
            inputs=np.delete(values, known.target, axis=1),
            horizon=known.horizon,
        )
        pairs = zip(self._members, self._nets, strict=True)
        forecasts = [_forecast(member, nets, values, readings) for member, nets in pairs]
        return known.table(history, self._combination.combine(np.stack(forecasts)))


def _forecast(
    member: ServedMember,
    nets: Sequence[LoadedNet],
    values: NDArray[np.float64],
    readings: History,
) -> NDArray[np.float64]:
    """Returns the forecast [H] of a member."""
    if member.parameters is None:
        outputs = [net.outputs(values, readings.timestamps) for net in nets]
        return np.asarray(np.mean(outputs, axis=0))
    try:
        return forecast_from(member.parameters, readings)
    except CannotForecast as error:
        raise BadInput(f"{member.name}, a member of the ensemble: {error}") from None
