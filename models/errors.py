"""Errors raised when a model is built, or when a stored baseline is used.

ValueError           an option is invalid by itself, for every series and window (bad input)
├── Infeasible       each option is valid, but together they leave no time step (a failed trial)
└── CannotForecast   a stored baseline is damaged, or does not fit the history
"""

from typing import final


@final
class Infeasible(ValueError):
    """A point of the search space that cannot be built; the message is the trial's reason."""


@final
class CannotForecast(ValueError):
    """Raised when a stored baseline cannot forecast; the message is a sentence.

    Its parameters are damaged, or the history is too short or does not fit.
    """
