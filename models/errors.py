"""Errors raised when a model is built.

ValueError       an option is invalid by itself, for every series and window (bad input)
└── Infeasible   each option is valid, but together they leave no time step (a failed trial)
"""

from typing import final


@final
class Infeasible(ValueError):
    """A point of the search space that cannot be built; the message is the trial's reason."""
