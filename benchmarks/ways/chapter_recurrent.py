"""Two recurrent layers on a real series as in the chapter: one `fit` after another.

    python -m benchmarks.ways.chapter_recurrent SERIES.npy '{"cell": "gru", "rates": [1e-6], …}'

tf.data cuts and batches the windows; each epoch is validated; all runs in one process. The split,
window size and batch size are given, so that Sweepcast trains on the same windows.
"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.ways.pipeline import windowed_dataset

LAYERS = {
    "simple_rnn": keras.layers.SimpleRNN,
    "gru": keras.layers.GRU,
    "lstm": keras.layers.LSTM,
}
SHUFFLE_BUFFER = 48


def main() -> None:
    """Trains a model for each learning rate and prints the best score, in the series' units."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("series", type=Path)
    parser.add_argument("options", type=json.loads)
    given = parser.parse_args()
    options: dict[str, Any] = given.options
    series, split, window = np.load(given.series), options["split"], options["window_size"]
    mean, std = series[:split].mean(), series[:split].std()
    series = ((series - mean) / std).astype("float32")
    dataset = windowed_dataset(series[:split], window, options["batch_size"], SHUFFLE_BUFFER)
    valid_dataset = windowed_dataset(series[split:], window, options["batch_size"], SHUFFLE_BUFFER)
    seen = sliding_window_view(series[split - window : -1], window)[..., None]
    layer, units = LAYERS[options["cell"]], options["units"]
    scores = []
    for rate in options["rates"]:
        model = keras.models.Sequential(
            [
                keras.layers.Input((None, 1)),
                layer(units, return_sequences=True),
                layer(units),
                keras.layers.Dense(1),
            ]
        )
        optimizer = keras.optimizers.SGD(learning_rate=rate, momentum=options["momentum"])
        model.compile(loss="mse", optimizer=optimizer, metrics=["mae"])
        model.fit(dataset, epochs=options["epochs"], verbose=0, validation_data=valid_dataset)
        forecast = model.predict(seen, verbose=0)[:, 0]
        scores.append(float(std * np.abs(forecast - series[split:]).mean()))
        print(f"learning rate {rate:g}: MAE {scores[-1]:.3f}")  # noqa: T201
    print(min(scores))  # noqa: T201


if __name__ == "__main__":
    main()
