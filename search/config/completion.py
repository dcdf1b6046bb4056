"""Tab completion: Sweepcast completes the commands, Hydra the words after `sweep` and `train`."""

import os
import sys
from collections.abc import Collection

_HYDRA = ("sweep", "train")
FLAGS = ("--quiet", "--json")  # flags that Sweepcast adds to these two commands


def complete(arguments: list[str], commands: Collection[str]) -> int:
    """Runs `-sc install=SHELL`, `-sc uninstall=SHELL` or `-sc query=SHELL`.

    The shell passes the line in COMP_LINE. Hydra gets it without the subcommand and our flags.
    """
    from search.config import compose

    if any(argument.startswith("query=") for argument in arguments):
        line = os.environ.get("COMP_LINE", "")
        words = line.split(" ")
        if len(words) <= 2 or words[1] not in _HYDRA:
            typed = words[1] if len(words) > 1 else ""
            options = commands if len(words) <= 2 else ()
            sys.stdout.write(" ".join(c for c in options if c.startswith(typed)) + "\n")
            return 0
        *typed_before, typed = words[2:] or [""]
        if typed.startswith("--"):
            sys.stdout.write(" ".join(flag for flag in FLAGS if flag.startswith(typed)) + "\n")
            return 0
        rest = [word for word in typed_before if word not in FLAGS]
        os.environ["COMP_LINE"] = " ".join([words[0], *rest, typed])
        os.environ["COMP_POINT"] = str(len(os.environ["COMP_LINE"]))
    return compose.run(arguments, lambda _: 0)
