"""Parsing of the arguments of the commands that Hydra does not configure."""

import argparse
from argparse import Namespace
from typing import NoReturn

from search.errors import BadInput


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are `BadInput`."""

    def error(self, message: str) -> NoReturn:
        """Refuses the command line."""
        raise BadInput(f"{self.prog}: {message}\n{self.format_usage().strip()}")


def fresh_seed_options(command: str, flag: str, arguments: list[str]) -> Namespace:
    """Returns the options of a command that scores RUN with fresh seeds, and has one more flag.

    Raises:
        BadInput: they are no such options.
    """
    parser = Parser(prog=f"sweepcast {command}")
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(flag, action="store_true")
    parser.add_argument("--trust", action="append", default=[], metavar="PACKAGE")
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error(f"--seeds is {options.seeds}: expected 1 or more")
    return options
