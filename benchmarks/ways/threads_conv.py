"""The Conv1D search as an expert writes it: Optuna in two threads, windows cut by NumPy.

python -m benchmarks.ways.threads_conv SERIES.npy POINTS EXECUTIONS EPOCHS
"""

import json

import numpy as np
import optuna

from benchmarks.ways.conv import BATCH, SPLIT, WINDOW, conv_net, options, validation_mae, windows


def main() -> None:
    """Runs the search and prints its best score."""
    given = options(__doc__)
    series = np.load(given.series)
    x, y = windows(series, WINDOW, SPLIT)
    points = json.loads(given.points)

    def objective(trial: optuna.Trial) -> float:
        filters = trial.suggest_int("filters", 128, 256, step=64)
        kernel_size = trial.suggest_int("kernel_size", 3, 9, step=3)
        strides = trial.suggest_int("strides", 1, 3)
        scores = []
        for _ in range(given.executions):
            model = conv_net(filters, kernel_size, strides)
            model.fit(x, y, batch_size=BATCH, epochs=given.epochs, verbose=0)
            scores.append(validation_mae(model, series))
        return float(np.mean(scores))

    study = optuna.create_study(direction="minimize")
    for point in points:
        study.enqueue_trial(point)
    study.optimize(objective, n_trials=len(points), n_jobs=2)
    print(study.trials_dataframe().sort_values("value").to_string())  # noqa: T201
    print(study.best_value)  # noqa: T201


if __name__ == "__main__":
    main()
