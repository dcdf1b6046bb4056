"""Starts a forecaster at the ridge regression of its training windows.

N windows, W window size, F features of a step, C channels among them, H horizon.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.ridge import LinearMap, fit_ridge

if TYPE_CHECKING:
    import keras

SKIP, FORECAST = "skip", "forecast"  # names of the layers of a forecaster

# Largest number of features of all windows; of more windows, the latest ones are fitted.
_LARGEST = 40_000_000


def fit_windows(x: NDArray[np.float32], y: NDArray[np.float32], channels: int) -> LinearMap:
    """Fits the forecast as a linear map of the window's channels and of its last calendar terms.

    The calendar terms of earlier steps are rotations of the last ones, so they would add nothing.

    Args:
        x: inputs [N, W, F], the channels first and then the calendar terms.
        y: targets [N, H].
        channels: C.
    """
    _, window_size, features = x.shape
    width = window_size * channels + features - channels
    kept = slice(-(_LARGEST // width), None)
    flat = x[kept, :, :channels].reshape(len(x[kept]), -1)
    rows = np.concatenate([flat, x[kept, -1, channels:]], axis=1, dtype=np.float64)
    found = fit_ridge(rows, y[kept].astype(np.float64))
    whole = np.zeros((window_size, features, y.shape[1]))
    split = window_size * channels
    whole[:, :channels] = found.coefficients[:split].reshape(window_size, channels, -1)
    whole[-1, channels:] = found.coefficients[split:]
    return LinearMap(whole.reshape(window_size * features, -1), found.intercept, found.penalty)


def start_at(network: "keras.Model", linear: LinearMap) -> None:
    """Sets the skip connection of a forecaster to a linear map [W · F] → [H].

    The output layer of its blocks starts at zero, so the forecaster then is that linear map.
    """
    kernel, bias = linear.coefficients, linear.intercept
    network.get_layer(SKIP).set_weights([kernel.astype(np.float32), bias.astype(np.float32)])
