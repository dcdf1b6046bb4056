"""The chapter's Conv1D search as a reader writes it: Keras Tuner, and windows cut by tf.data.

    python -m benchmarks.ways.chapter_conv SERIES.npy POINTS EXECUTIONS EPOCHS

As in the chapter, the training loss is the objective and there is no validation. Two things differ:
the points are given, not drawn, so that all approaches train the same ones; and each model is
scored once after training, which takes a few milliseconds.
"""

import json
import sys
from types import ModuleType
from typing import Any

import keras_tuner
import numpy as np

from benchmarks.ways.conv import BATCH, SPLIT, WINDOW, conv_net, options, validation_mae
from benchmarks.ways.pipeline import windowed_dataset

SHUFFLE_BUFFER = 1000


class Conv(keras_tuner.HyperModel):
    """Builds and trains the models, and keeps the scores of each point."""

    def __init__(self, series: Any) -> None:
        super().__init__()
        self.series = series
        self.scores: dict[str, list[float]] = {}

    def build(self, hp: Any) -> Any:
        """Returns a model to train."""
        return conv_net(
            filters=hp.Int("filters", min_value=128, max_value=256, step=64),
            kernel_size=hp.Int("kernel_size", min_value=3, max_value=9, step=3),
            strides=hp.Int("strides", min_value=1, max_value=3, step=1),
        )

    def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        """Trains a model and scores it."""
        history = model.fit(*args, **kwargs)
        found = self.scores.setdefault(json.dumps(hp.values), [])
        found.append(validation_mae(model, self.series))
        return history


class GivenPoints(keras_tuner.oracles.RandomSearchOracle):
    """Proposes the given points instead of random ones."""

    def __init__(self, points: list[dict[str, int]]) -> None:
        super().__init__(keras_tuner.Objective("loss", "min"), max_trials=len(points))
        self._points = list(points)

    def populate_space(self, trial_id: str) -> dict[str, Any]:  # noqa: ARG002
        """Returns the next point."""
        if not self._points:
            return {"status": keras_tuner.engine.trial.TrialStatus.STOPPED}
        running = keras_tuner.engine.trial.TrialStatus.RUNNING
        return {"status": running, "values": self._points.pop(0)}


def main() -> None:
    """Runs the search and prints its best score."""
    given = options(__doc__)
    # Keras Tuner imports this for callbacks not used here; TensorFlow no longer installs it.
    for name in ("tensorboard", "tensorboard.plugins", "tensorboard.plugins.hparams"):
        sys.modules.setdefault(name, ModuleType(name))
    sys.modules["tensorboard.plugins.hparams"].__dict__.setdefault("api", None)
    series = np.load(given.series).astype("float32")
    dataset = windowed_dataset(series[:SPLIT], WINDOW, BATCH, SHUFFLE_BUFFER)
    conv = Conv(series)
    tuner = keras_tuner.Tuner(
        GivenPoints(json.loads(given.points)),
        conv,
        executions_per_trial=given.executions,
        directory="my_dir",
        project_name="cnn-tune",
    )
    tuner.search(dataset, epochs=given.epochs, verbose=0)
    tuner.results_summary()
    print(min(np.mean(scores) for scores in conv.scores.values()))  # noqa: T201


if __name__ == "__main__":
    main()
