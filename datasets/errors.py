"""What can go wrong with a series, and how it is said.

    Exception
    └── ValueError
        └── DatasetError    a bad file, option or address, or a series that cannot be cut as asked

Every text has at most three lines: what came, what was possible, where to set it.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class DatasetError(ValueError):
    """A series cannot be read, built or cut as asked."""


def possible(word: str, options: Iterable[str], most: int = 12) -> str:
    """Returns "did you mean 'x'? possible: a, b, …" for a `word` that is not among `options`."""
    names = list(options)
    close = get_close_matches(word, names, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    shown = ", ".join(clipped(name) for name in names[:most])
    return f"{hint}possible: {shown or 'nothing'}{', …' if len(names) > most else ''}"


def clipped(text: str, most: int = 60) -> str:
    """Returns `text` on one line and at most about `most` characters long, for an error's text."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most]}…"
