"""The Rich console on standard output, and how text is printed on it."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from search.results.judgement import Verdict

_STYLES = {
    Verdict.BETTER: "bold green",
    Verdict.UNCLEAR: "bold yellow",
    Verdict.WORSE: "bold red",
}
# Wide enough for a leaderboard when the output goes to a file or a pipe.
_PLAIN_WIDTH = 160


def console() -> Console:
    """Returns a console on standard output, 160 characters wide if that is not a terminal.

    Markup is off, because the printed text may contain anything, such as an error message.
    """
    made = Console(highlight=False, markup=False, emoji=False)
    if not made.file.isatty():
        made.width = _PLAIN_WIDTH
    return made


def can_redraw(console: Console) -> bool:
    """Returns whether printed lines can be overwritten: only on a terminal that is not dumb.

    FORCE_COLOR makes Rich treat a file or a pipe as a terminal, so the file is checked too.
    """
    return console.is_interactive and console.file.isatty()


def print_line(console: Console, text: str, style: str = "") -> None:
    """Prints a sentence, wrapped between words on a terminal and on one line elsewhere."""
    console.print(Text(text, style), soft_wrap=not console.is_terminal)


def verdict_style(verdict: Verdict | None) -> str:
    """Returns the style of a sentence that states this verdict in words."""
    return "bold" if verdict is None else _STYLES[verdict]


def print_labelled(console: Console, lines: Sequence[tuple[str, str]]) -> None:
    """Prints lines of (label, text), with the labels in their own column."""
    width = max(len(label) for label, _ in lines) + 1
    for label, text in lines:
        line = Table.grid()
        line.add_column(width=width)
        line.add_row(label, text)
        console.print(
            line if console.is_terminal else Text(f"{label:<{width}}{text}"),
            soft_wrap=not console.is_terminal,
        )


@contextmanager
def only_events() -> Iterator[TextIO]:
    """Yields standard output for the events and redirects all other output to standard error.

    Workers inherit the redirection, so that output of a user's model cannot mix with the events.
    """
    stream = sys.stdout
    if stream is not sys.__stdout__:  # already redirected, e.g. by a test
        with redirect_stdout(sys.stderr):
            yield stream
        return
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        with (
            open(saved, "w", encoding="utf-8", closefd=False) as events,
            redirect_stdout(sys.stderr),
        ):
            yield events
    finally:
        os.dup2(saved, 1)
        os.close(saved)
