"""Describes recorded runs as forecasters."""

from collections.abc import Sequence
from typing import Any

from search.retraining.recorded_run import Recorded, RecordedRun
from search.serving.forecaster import Forecaster
from search.serving.intervals import Interval
from search.serving.net import Net
from search.trial.data import visible


def forecaster_of(recorded: RecordedRun, spans: Sequence[Interval], model: bytes) -> Forecaster:
    """Returns the forecaster of a run's trained model, with the properties of its series."""
    return Forecaster(**properties(recorded, spans), **vars(net_of(recorded, model)))


def net_of(recorded: RecordedRun, model: bytes) -> Net:
    """Returns the net of a run's trained model."""
    config = recorded.config
    seasonal = config.transform.seasonal_difference
    return Net(
        window_size=config.task.window_size,
        lag=visible(recorded.series, config.task).season if seasonal else 0,
        calendar=config.transform.calendar,
        model=model,
    )


def properties(recorded: Recorded, spans: Sequence[Interval]) -> dict[str, Any]:
    """Returns the fields of `search.serving.described.Described` for a run's series."""
    config, series = recorded.config, recorded.series
    return {
        "series": series.name,
        "channels": series.channels,
        "target": series.target,
        "unit": series.unit,
        "frequency": series.frequency,
        "max_gap": int(config.dataset.get("max_gap", 0)),
        "horizon": config.task.horizon,
        "threads": config.engine.threads,
        "dataset": {
            key: None if key in ("source", "sha256") else value
            for key, value in config.dataset.items()
        },
        "intervals": tuple(spans),
    }
