"""The error raised for bad data, and helpers for its messages.

    Exception
    └── ValueError
        └── DatasetError    a bad file, option or URL, or a series that cannot be split

Each message has at most three lines: what was given, what is possible and where to set it.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class DatasetError(ValueError):
    """Raised when a series cannot be read, built, split or cut into windows."""


def possible(word: str, options: Iterable[str], most: int = 12) -> str:
    """Returns "did you mean 'x'? possible: a, b, …" for a `word` that is not among `options`."""
    names = list(options)
    close = get_close_matches(word, names, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    shown = ", ".join(clipped(name) for name in names[:most])
    return f"{hint}possible: {shown or 'nothing'}{', …' if len(names) > most else ''}"


def clipped(text: str, most: int = 60) -> str:
    """Returns `text` on one line, cut to about `most` characters, for use in a message."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most]}…"
