"""User errors and their messages.

    Exception
    └── ValueError
        ├── BadInput                  an unusable configuration, command line or store
        ├── datasets.DatasetError     an unreadable file or URL
        └── models.Infeasible         a point whose model cannot be built (a failed trial)

Each message has at most three lines: what was given, what is possible, where to set it.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class BadInput(ValueError):
    """The command cannot run as given; nothing was changed. Exit status 2."""


def nearest(word: object, options: Iterable[object], most: int = 10) -> str:
    """Returns "did you mean 'x'? possible: a, b, …" for a `word` not in `options`."""
    names = [str(option) for option in options]
    # A prefix match comes before a similar word: `flat` means flatten, not last.
    prefixed = [name for name in names if word and name.startswith(str(word))]
    close = prefixed or get_close_matches(str(word), names, n=1, cutoff=0.5)
    if not close:  # `training.epoch` typed as `epoch`: compare the last segments too
        tails = {name.rpartition(".")[2]: name for name in names}
        close = [
            tails[tail]
            for tail in get_close_matches(str(word).rpartition(".")[2], tails, n=1, cutoff=0.7)
        ]
    hint = f"did you mean {close[0]!r}? " if close else ""
    similar = names if len(names) <= most else get_close_matches(str(word), names, most, cutoff=0)
    shown = ", ".join(sorted(similar)) + (", …" if len(names) > most else "")
    return f"{hint}possible: {shown or 'nothing'}"
