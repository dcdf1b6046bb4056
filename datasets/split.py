"""Splits a series into training, validation and test parts.

The test block is the end of the series; no fold contains any of it. Before it come the validation
blocks, one per fold, each right after its training part (an expanding window with rolling origins).
"""

from dataclasses import dataclass

from datasets.errors import DatasetError


@dataclass(frozen=True)
class Fold:
    """One training/validation split, as indices of steps.

    Attributes:
        number: number of the fold; 0 is the earliest.
        train_stop: the training part is [0, train_stop).
        validation_stop: the scored targets are [train_stop, validation_stop).
    """

    number: int
    train_stop: int
    validation_stop: int


def split(length: int, *, validation: int, test: int, folds: int = 1) -> tuple[Fold, ...]:
    """Returns the folds of a series of `length` steps; the last fold ends at `length - test`.

    Args:
        length: number of steps in the series.
        validation: number of steps in each fold's validation part, at least 1.
        test: number of steps in the test block, at least 0.
        folds: number of folds, at least 1.

    Raises:
        DatasetError: an argument is too small, or no steps are left for the first training part.
    """
    for name, value, least in (
        ("validation", validation, 1),
        ("test", test, 0),
        ("folds", folds, 1),
    ):
        if value < least:
            raise DatasetError(f"task.{name} is {value}: it must be at least {least}")
    stop = length - test
    if stop - folds * validation < 1:
        raise DatasetError(
            f"the series has {length} steps, but {folds} x task.validation={validation} and "
            f"task.test={test} leave {stop - folds * validation} to train on:\n"
            "reduce task.validation, task.test or task.folds, or set them to auto"
        )
    stops = (stop - (folds - 1 - number) * validation for number in range(folds))
    return tuple(
        Fold(number, train_stop=end - validation, validation_stop=end)
        for number, end in enumerate(stops)
    )
