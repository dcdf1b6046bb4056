"""A trained net with all it takes to forecast from raw history.

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
SPEC, NET = "forecaster.json", "model.keras"


@dataclass(frozen=True, eq=False)
class Forecaster:
    """What a net needs to know of its series.

    Attributes:
        series: name of the series.
        channels: names [C] of the columns of a history.
        target: channel that is forecast.
        unit: of the target.
        frequency: pandas' alias of a step.
        max_gap: longest run of missing readings that is filled.
        window_size: W.
        horizon: H.
        lag: steps of a season that the net sees before its window, or 0.
        calendar: Fourier pairs of the timestamp that it sees.
        threads: that it was trained with, and forecasts with.
        dataset: options of the `dataset` group, by which a history in its own format is read.
        intervals: of its forecasts.
        net: content of a .keras file that takes readings as they are.
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
    net: bytes

    @property
    def least(self) -> int:
        """Steps that a history must have: what the net sees, and two to tell a day's places by."""
        return max(2, self.lag + self.window_size)

    def files(self) -> dict[str, bytes]:
        """Returns it as files, by name."""
        spec = {key: value for key, value in asdict(self).items() if key != "net"}
        spec["intervals"] = {
            str(one.level): {"lower": one.lower.tolist(), "upper": one.upper.tolist()}
            for one in self.intervals
        }
        return {SPEC: json.dumps(spec, indent=1).encode(), NET: self.net}

    @classmethod
    def read(cls, folder: Path) -> "Forecaster":
        """Returns what `files` had written into a folder.

        Raises:
            BadInput: they are gone, or are not what was written.
        """
        try:
            spec = json.loads((folder / SPEC).read_text("utf-8"))
            net = (folder / NET).read_bytes()
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
            return cls(**{**spec, "channels": tuple(spec["channels"])}, net=net)
        except FileNotFoundError as error:
            raise BadInput(f"the model has no {Path(error.filename).name} any more") from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"{SPEC} of the model cannot be read: {error}") from None


def _check_types(spec: dict[str, Any]) -> None:
    """Refuses a value of another type than `Forecaster` has there; lists stand for tuples.

    Raises:
        TypeError: names the first one.
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
        raise TypeError(f"target is {spec['target']}, of {len(spec['channels'])} channels")


class LoadedForecaster:
    """A forecaster whose net is in memory."""

    def __init__(self, forecaster: Forecaster, trusted: Collection[str] = ()) -> None:
        self.forecaster = forecaster
        prepare_process(forecaster.threads)
        self._net = load_model(forecaster.net, trusted)

    def forecast(self, history: Series) -> pd.DataFrame:
        """Returns the H steps that follow the last reading of the target.

        Args:
            history: at least `least` steps; gaps of up to `max_gap` are filled from the past.

        Returns:
            timestamp, forecast, and lower_<level>, upper_<level> of each interval; in the series'
            units.

        Raises:
            BadInput: it is too short, or of other channels or another frequency.
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
        """Returns what the net says [H].

        Raises:
            BadInput: it takes or gives something else than its description says.
        """
        taken = {tensor.name for tensor in self._net.inputs}
        if taken != inputs.keys():
            raise BadInput(f"the net is not as {SPEC} describes it: it takes {', '.join(taken)}")
        try:
            found = self._net.predict_on_batch(inputs)[0].astype(np.float64)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            text = (str(error).strip() or repr(error)).splitlines()[0]
            raise BadInput(f"the net is not as {SPEC} describes it: {text}") from None
        if found.shape != (self.forecaster.horizon,):
            raise BadInput(f"the net is not as {SPEC} describes it: it gives {found.shape}")
        return np.asarray(found)


def _order(known: Forecaster, history: Series) -> list[int]:
    """Returns where the channels of the model stand in the history; one alone may have any name.

    Raises:
        BadInput: the history has others.
    """
    if len(known.channels) == len(history.channels) == 1:
        return [0]
    if sorted(history.channels) != sorted(known.channels):
        raise BadInput(
            f"the history has the columns {', '.join(history.channels)}; the model of "
            f"{known.series} takes {', '.join(known.channels)}"
        )
    return [history.channels.index(channel) for channel in known.channels]


def _check(known: Forecaster, history: Series) -> None:
    if history.frequency != known.frequency:
        raise BadInput(
            f"a step of the history is {history.frequency!r}, and one of the model of "
            f"{known.series} is {known.frequency!r}"
        )
    if len(history.values) < known.least:
        first, last = history.timestamps[0], history.timestamps[-1]
        raise BadInput(
            f"the history has {len(history.values)} steps, {shown(first)} to {shown(last)}: "
            f"the model of {known.series} needs at least {known.least}"
        )
    check_gaps(history, known.max_gap)
