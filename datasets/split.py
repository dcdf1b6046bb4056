"""Where a series is cut into training, validation and test parts.

The test block is the end of the series, of which no fold has any step. Before it lie the
validation blocks, one a fold, each right after its training part (an expanding window with rolling
origins).
"""

from dataclasses import dataclass

from datasets.errors import DatasetError


@dataclass(frozen=True)
class Fold:
    """One training/validation cut, as indices of steps.

    Attributes:
        number: from 0, the earliest.
        train_stop: the training part is [0, train_stop).
        validation_stop: the scored targets are [train_stop, validation_stop).
    """

    number: int
    train_stop: int
    validation_stop: int


def split(length: int, *, validation: int, test: int, folds: int = 1) -> tuple[Fold, ...]:
    """Returns the folds of a series of `length` steps; the last one ends at `length - test`.

    Args:
        length: steps of the series.
        validation: steps of each fold's validation part, at least 1.
        test: steps of the test block, at least 0.
        folds: at least 1.

    Raises:
        DatasetError: a number is too small, or no step is left for the first training part.
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
            "make task.validation, task.test or task.folds smaller"
        )
    stops = (stop - (folds - 1 - number) * validation for number in range(folds))
    return tuple(
        Fold(number, train_stop=end - validation, validation_stop=end)
        for number, end in enumerate(stops)
    )
