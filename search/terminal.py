"""The terminal: one console, and the parsing of the few flags that are ours."""

import argparse
from typing import NoReturn

from rich.console import Console

from search.errors import BadInput

# Wide enough for a leaderboard where the output goes to a file or pipe.
_PLAIN_WIDTH = 160


def console() -> Console:
    """Returns the console on standard output; plain and wide where that is no terminal."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are `BadInput`."""

    def error(self, message: str) -> NoReturn:
        """Refuses the command line."""
        raise BadInput(f"{self.prog}: {message}\n{self.format_usage().strip()}")
