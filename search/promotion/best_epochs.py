"""Finds the number of epochs to train a trial for when early stopping has nothing to watch."""

from dataclasses import replace

import numpy as np

from search.errors import BadInput
from search.retraining.recorded_run import RecordedRun
from search.tracking import names
from search.tracking.reading import children, curves


def with_best_epochs(recorded: RecordedRun) -> RecordedRun:
    """Returns the run with a fixed number of epochs, without early stopping.

    Raises:
        BadInput: the store has no curve for the trial.
    """
    training = replace(recorded.config.training, patience=None)
    config = replace(recorded.config, training=training)
    return replace(recorded, config=config, epochs=best_epochs(recorded))


def best_epochs(recorded: RecordedRun) -> int:
    """Returns the number of epochs after which the trial's mean validation curve is lowest.

    The curves are those of the trial's fresh seeds if it was a finalist, otherwise its own.

    Raises:
        BadInput: the store has no curve for the trial.
    """
    record = recorded.record
    finalists = [
        run
        for run in children(recorded.client, recorded.study)
        if run.kind == "finalist" and run.state == "complete" and run.number == record.number
    ]
    found = curves(recorded.client, finalists[-1] if finalists else record)
    shortest = min((len(curve) for curve in found), default=0)
    if not shortest:
        raise BadInput(
            f"run {record.run_id} has no curve of validation/mae, which sets the number of epochs"
        )
    means = np.mean([curve[:shortest] for curve in found], axis=0)
    continued = not finalists and names.CONTINUES in record.tags
    before = recorded.proposal.initial_epoch if continued else 0
    return before + int(np.argmin(means)) + 1
