"""A trained model with everything needed to forecast from raw history.

Letters: T steps of the history, C channels, W window size, H horizon.
"""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_origin

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datasets import Series
from datasets.parsing.frequency import offset_of, shown
from datasets.parsing.regular import check_gaps
from datasets.transform import calendar_features
from datasets.windows import fill_forward
from search.engine.environment import prepare_process
from search.errors import BadInput
from search.serving.intervals import Interval
from search.serving.safe_loading import load_model

Array = NDArray[Any]
SPEC, MODEL = "forecaster.json", "model.keras"


@dataclass(frozen=True, eq=False)
class Forecaster:
    """A trained model and the properties of its series.

    Attributes:
        series: name of the series.
        channels: column names [C] of a history.
        target: index of the channel that is forecast.
        unit: unit of the target.
        frequency: pandas alias of a step.
        max_gap: longest run of missing readings that is filled.
        window_size: W.
        horizon: H.
        lag: steps of a season that the model sees before its window, or 0.
        calendar: number of Fourier pairs of the timestamp that the model sees.
        threads: number of threads for training and for forecasting.
        dataset: options of the `dataset` group, to read a history in the dataset's own format.
        intervals: prediction intervals of the forecasts.
        model: content of a .keras file that takes raw readings.
    """

    series: str
    channels: tuple[str, ...]
    target: int
    unit: str
    frequency: str
    max_gap: int
    window_size: int
    horizon: int
    lag: int
    calendar: int
    threads: int
    dataset: dict[str, Any]
    intervals: tuple[Interval, ...]
    model: bytes

    @property
    def least(self) -> int:
        """The minimum length of a history in steps; at least two, to detect steps within a day."""
        return max(2, self.lag + self.window_size)

    def files(self) -> dict[str, bytes]:
        """Returns the forecaster as files, by name."""
        spec = {key: value for key, value in asdict(self).items() if key != "model"}
        spec["intervals"] = {
            str(one.level): {"lower": one.lower.tolist(), "upper": one.upper.tolist()}
            for one in self.intervals
        }
        return {SPEC: json.dumps(spec, indent=1).encode(), MODEL: self.model}

    @classmethod
    def read(cls, folder: Path) -> "Forecaster":
        """Returns the forecaster whose `files` are in a folder.

        Raises:
            BadInput: a file is missing or damaged.
        """
        try:
            spec = json.loads((folder / SPEC).read_text("utf-8"))
            model = (folder / MODEL).read_bytes()
            _check_types(spec)
            horizon = [spec["horizon"]]
            spec["intervals"] = tuple(
                Interval(
                    int(level),
                    np.array(ends["lower"], dtype=np.float64).reshape(horizon),
                    np.array(ends["upper"], dtype=np.float64).reshape(horizon),
                )
                for level, ends in spec["intervals"].items()
            )
            return cls(**{**spec, "channels": tuple(spec["channels"])}, model=model)
        except FileNotFoundError as error:
            raise BadInput(f"{Path(error.filename).name} of the model is missing") from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"{SPEC} of the model cannot be read: {error}") from None


def _check_types(spec: dict[str, Any]) -> None:
    """Checks that all values have the types of `Forecaster`; tuples are stored as lists.

    Raises:
        TypeError: a value has another type or range; the message names it.
    """
    for field in fields(Forecaster):
        if field.name in spec:
            wanted = {"channels": list, "intervals": dict}.get(
                field.name, get_origin(field.type) or field.type
            )
            if type(spec[field.name]) is not wanted:
                raise TypeError(f"{field.name} is {spec[field.name]!r}")
    sizes = {"window_size": 1, "horizon": 1, "threads": 1, "max_gap": 0, "lag": 0, "calendar": 0}
    small = next((name for name, least in sizes.items() if spec[name] < least), None)
    if small or not all(isinstance(name, str) for name in spec["channels"]):
        raise TypeError(f"{small or 'channels'} is {spec[small or 'channels']!r}")
    if not 0 <= spec["target"] < len(spec["channels"]):
        raise TypeError(f"target is {spec['target']}, with {len(spec['channels'])} channels")


class LoadedForecaster:
    """A forecaster whose model is loaded into memory."""

    def __init__(self, forecaster: Forecaster, trusted: Collection[str] = ()) -> None:
        self.forecaster = forecaster
        prepare_process(forecaster.threads)
        self._model = load_model(forecaster.model, trusted)

    def forecast(self, history: Series) -> pd.DataFrame:
        """Returns the forecast of the H steps after the last reading of the target.

        Args:
            history: at least `least` steps; gaps of up to `max_gap` are filled from the past.

        Returns:
            A table with timestamp, forecast, and lower_<level> and upper_<level> of each interval,
            in the series' units.

        Raises:
            BadInput: the history is too short, or has other channels or another frequency.
            DatasetError: a gap is too long.
        """
        known = self.forecaster
        _check(known, history)
        values, _ = fill_forward(history.values[:, _order(known, history)])
        seen = known.lag + known.window_size
        inputs = {"readings": values[None, -seen:].astype(np.float32)}
        if known.calendar:
            terms = calendar_features(history.timestamps, known.calendar)
            inputs["calendar"] = terms[None, -known.window_size :].astype(np.float32)
        outputs = self._outputs(inputs)
        step = offset_of(known.frequency)
        last = pd.Timestamp(history.timestamps[-1])
        times = pd.date_range(last, periods=known.horizon + 1, freq=step, unit="s")[1:]
        columns: dict[str, Any] = {"timestamp": times, "forecast": outputs}
        for one in known.intervals:
            columns[f"lower_{one.level}"] = outputs + one.lower
            columns[f"upper_{one.level}"] = outputs + one.upper
        return pd.DataFrame(columns)

    def _outputs(self, inputs: dict[str, Array]) -> Array:
        """Returns the outputs [H] of the model.

        Raises:
            BadInput: the inputs or outputs of the model do not match its description.
        """
        taken = {tensor.name for tensor in self._model.inputs}
        if taken != inputs.keys():
            raise BadInput(f"the model does not match {SPEC}: its inputs are {', '.join(taken)}")
        try:
            found = self._model.predict_on_batch(inputs)[0].astype(np.float64)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            text = (str(error).strip() or repr(error)).splitlines()[0]
            raise BadInput(f"the model does not match {SPEC}: {text}") from None
        if found.shape != (self.forecaster.horizon,):
            raise BadInput(
                f"the model does not match {SPEC}: its output has the shape {found.shape}"
            )
        return np.asarray(found)


def _order(known: Forecaster, history: Series) -> list[int]:
    """Returns the positions of the model's channels in the history.

    A single channel may have any name.

    Raises:
        BadInput: the history has other channels.
    """
    if len(known.channels) == len(history.channels) == 1:
        return [0]
    if sorted(history.channels) != sorted(known.channels):
        raise BadInput(
            f"the history has the columns {', '.join(history.channels)}; the model of "
            f"{known.series} needs {', '.join(known.channels)}"
        )
    return [history.channels.index(channel) for channel in known.channels]


def _check(known: Forecaster, history: Series) -> None:
    if history.frequency != known.frequency:
        raise BadInput(
            f"the history has steps of {history.frequency!r}; the model of {known.series} needs "
            f"steps of {known.frequency!r}"
        )
    if len(history.values) < known.least:
        first, last = history.timestamps[0], history.timestamps[-1]
        raise BadInput(
            f"the history has {len(history.values)} steps, {shown(first)} to {shown(last)}; "
            f"the model of {known.series} needs at least {known.least}"
        )
    check_gaps(history, known.max_gap)
