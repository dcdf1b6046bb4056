"""What a user can get wrong, and how it is said.

    Exception
    └── ValueError
        ├── BadInput                  a configuration, command line or store that cannot be used
        ├── datasets.DatasetError     a file or address that cannot be read
        └── models.Infeasible         a point of a space that cannot be built (a failed trial)

Every text has at most three lines: what came, what was possible, where to set it.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class BadInput(ValueError):
    """The command cannot be carried out as given; nothing was changed. Exit status 2."""


def nearest(word: object, options: Iterable[object], most: int = 10) -> str:
    """Returns "did you mean 'x'? possible: a, b, …" for a `word` that is not among `options`."""
    names = [str(option) for option in options]
    # What someone began to type comes before what is alike: `flat` means flatten, not last.
    begun = [name for name in names if word and name.startswith(str(word))]
    close = begun or get_close_matches(str(word), names, n=1, cutoff=0.5)
    if not close:  # `training.epoch` typed as `epoch`: compare the last segments too
        tails = {name.rpartition(".")[2]: name for name in names}
        close = [
            tails[tail]
            for tail in get_close_matches(str(word).rpartition(".")[2], tails, n=1, cutoff=0.7)
        ]
    hint = f"did you mean {close[0]!r}? " if close else ""
    alike = names if len(names) <= most else get_close_matches(str(word), names, most, cutoff=0)
    shown = ", ".join(sorted(alike)) + (", …" if len(names) > most else "")
    return f"{hint}possible: {shown or 'nothing'}"
