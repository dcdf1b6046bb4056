"""The terminal: one console, standard output, and the parsing of the few flags that are ours."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

# Wide enough for a leaderboard where the output goes to a file or pipe.
_PLAIN_WIDTH = 160


def console() -> Console:
    """Returns the console on standard output; wide where that is no terminal.

    What is shown may hold anything, such as the text of an error: no part of it is markup.
    """
    found = Console(highlight=False, markup=False, emoji=False)
    if not found.file.isatty():
        found.width = _PLAIN_WIDTH
    return found


def can_redraw(console: Console) -> bool:
    """Returns whether what stands there can be written over: a terminal, and no dumb one.

    FORCE_COLOR colours a file or pipe too, and makes no terminal of it.
    """
    return console.is_interactive and console.file.isatty()


def print_line(console: Console, text: str, style: str = "") -> None:
    """Prints a sentence: broken between words on a terminal, in one line elsewhere."""
    console.print(Text(text, style), soft_wrap=not console.is_terminal)


def print_labelled(console: Console, told: Sequence[tuple[str, str]]) -> None:
    """Prints texts behind what they are about, which stands in a column of its own."""
    width = max(len(what) for what, _ in told) + 1
    for what, text in told:
        line = Table.grid()
        line.add_column(width=width)
        line.add_row(what, text)
        console.print(
            line if console.is_terminal else Text(f"{what:<{width}}{text}"),
            soft_wrap=not console.is_terminal,
        )


@contextmanager
def only_events() -> Iterator[TextIO]:
    """Yields standard output; whatever else writes there, in any process, gets standard error.

    Workers inherit it, and print what a model of the user's own prints.
    """
    stream = sys.stdout
    if stream is not sys.__stdout__:  # somebody else took it over already
        with redirect_stdout(sys.stderr):
            yield stream
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with (
            open(kept, "w", encoding="utf-8", closefd=False) as events,
            redirect_stdout(sys.stderr),
        ):
            yield events
    finally:
        os.dup2(kept, 1)
        os.close(kept)
