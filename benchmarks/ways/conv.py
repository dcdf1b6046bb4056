"""The model and data of the chapter's Conv1D search, for the approaches besides Sweepcast."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

WINDOW, BATCH, SPLIT = 20, 32, 1000


def options(description: str | None) -> Namespace:
    """Returns the arguments of an approach: series, points, executions, epochs."""
    parser = ArgumentParser(description=description)
    parser.add_argument("series", type=Path)
    parser.add_argument("points")
    parser.add_argument("executions", type=int)
    parser.add_argument("epochs", type=int)
    return parser.parse_args()


def conv_net(filters: int, kernel_size: int, strides: int) -> Any:
    """Returns the compiled model of the recipe; it forecasts from the last step."""
    model = keras.Sequential(
        [
            keras.layers.Input((WINDOW, 1)),
            keras.layers.Cropping1D(((WINDOW - 1) % strides, 0)),
            keras.layers.Conv1D(
                filters, kernel_size, strides=strides, padding="causal", activation="relu"
            ),
            keras.layers.Lambda(lambda x: x[:, -1]),
            keras.layers.Dense(28, activation="relu"),
            keras.layers.Dense(28, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    optimizer = keras.optimizers.SGD(learning_rate=1e-5, momentum=0.5)
    model.compile(loss="mse", optimizer=optimizer, metrics=["mae"])
    return model


def windows(series: Any, first: int, stop: int) -> tuple[Any, Any]:
    """Returns windows [N, W, 1] and the readings [N, 1] in [first, stop) that follow them."""
    x = sliding_window_view(series[first - WINDOW : stop - 1], WINDOW)
    return x[..., None].astype("float32"), series[first:stop, None].astype("float32")


def validation_mae(model: Any, series: Any) -> float:
    """Returns the MAE of a trained model on the validation block."""
    x, y = windows(series, SPLIT, len(series))
    return float(np.abs(np.asarray(model(x)) - y).mean())
