"""A trained net that forecasts from raw readings.

Letters: T steps of a history, C channels, W window size, H horizon.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.transform import calendar_features
from search.errors import BadInput
from search.serving.safe_loading import load_model

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Net:
    """A trained net.

    Attributes:
        window_size: W.
        lag: steps of a season that the model sees before its window, or 0.
        calendar: number of Fourier pairs of the timestamp that the model sees.
        model: content of a .keras file that takes raw readings.
    """

    window_size: int
    lag: int
    calendar: int
    model: bytes

    @property
    def least(self) -> int:
        """The minimum length of a history in steps; at least two, to detect steps within a day."""
        return max(2, self.lag + self.window_size)


class LoadedNet:
    """A net whose model is loaded into memory."""

    def __init__(self, net: Net, horizon: int, spec: str, trusted: Collection[str] = ()) -> None:
        """Loads the model.

        Args:
            net: the net.
            horizon: H.
            spec: name of the file that describes the net, for error messages.
            trusted: packages besides Keras whose layers the model may contain.

        Raises:
            BadInput: the model is damaged, or contains code.
        """
        self._net = net
        self._horizon = horizon
        self._spec = spec
        self._model = load_model(net.model, trusted)

    def outputs(self, values: Array, timestamps: NDArray[np.datetime64]) -> Array:
        """Returns the forecast [H] after a history.

        Args:
            values: readings [T, C] without gaps.
            timestamps: their times [T].

        Raises:
            BadInput: the inputs or outputs of the model do not match its description.
        """
        net = self._net
        inputs = {"readings": values[None, -(net.lag + net.window_size) :].astype(np.float32)}
        if net.calendar:
            terms = calendar_features(timestamps, net.calendar)
            inputs["calendar"] = terms[None, -net.window_size :].astype(np.float32)
        taken = {tensor.name for tensor in self._model.inputs}
        if taken != inputs.keys():
            raise BadInput(
                f"the model does not match {self._spec}: its inputs are {', '.join(taken)}"
            )
        try:
            found = self._model.predict_on_batch(inputs)[0].astype(np.float64)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            text = (str(error).strip() or repr(error)).splitlines()[0]
            raise BadInput(f"the model does not match {self._spec}: {text}") from None
        if found.shape != (self._horizon,):
            raise BadInput(
                f"the model does not match {self._spec}: its output has the shape {found.shape}"
            )
        return np.asarray(found)
