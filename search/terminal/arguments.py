"""Argument parsing for the commands that are not Hydra programs."""

import argparse
from argparse import Namespace
from typing import NoReturn

from search.errors import BadInput


class Parser(argparse.ArgumentParser):
    """Argument parser that raises `BadInput` on errors."""

    def error(self, message: str) -> NoReturn:
        """Raises `BadInput` with the message and the usage line."""
        raise BadInput(f"{self.prog}: {message}\n{self.format_usage().strip()}")


def fresh_seed_options(command: str, flag: str, arguments: list[str]) -> Namespace:
    """Parses the options of a command that scores RUN with fresh seeds.

    Args:
        command: name of the command.
        flag: the command's own boolean flag, e.g. `--json`.
        arguments: arguments to parse.

    Raises:
        BadInput: the arguments are invalid.
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
