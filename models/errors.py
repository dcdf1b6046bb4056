"""What can go wrong when a network is built.

ValueError       an option is wrong by itself, for every series and window (bad input)
└── Infeasible   each option is fine, together they leave nothing to learn from (a failed trial)
"""

from typing import final


@final
class Infeasible(ValueError):
    """A point of the search space that cannot be built; its text is the trial's reason."""
