"""The command line: takes the subcommand and our own flags off and hands the rest on.

Nothing heavy is imported before it is known what to do.
"""

import os
import sys
from importlib import import_module

from search import __version__
from search.errors import BadInput, nearest

USAGE = """\
Usage: sweepcast COMMAND [ARGUMENTS]

Finds the best Keras forecaster for a time series: Hydra composes the search space, Optuna or
Keras Tuner proposes, MLflow records every trial.

  sweep [OVERRIDES]     run a study, or go on with it: sweepcast sweep study.trials=30  [--json]
  train [OVERRIDES]     one trial at the configured values  [--json]
  studies               what the store holds
  leaderboard [STUDY]   trials and baselines, best first   [--top N] [--json]
  compare RUN RUN …     runs side by side, what differs first  [--json]
  evaluate RUN          a trial on the test block, with fresh seeds  [--seeds N] [--json]
  reproduce RUN         trains it again and compares bit for bit  [--tolerance X]
  promote RUN           refits it on all readings and registers it, if it beats the baselines
                        [--seeds N] [--force]
  forecast MODEL --history FILE
                        what comes after a raw history  [--output CSV] [--plot PNG]
  export STUDY --to optuna URL
                        its trials into an Optuna storage
  ui [STUDY]            the MLflow UI on the store in use  [--port N] [--no-browser]

`sweepcast sweep --help` shows the configuration; Hydra's own flags work after sweep and train.
RUN is a run id, or STUDY:best. `--quiet` before or after a command keeps it to its result. The
store is MLFLOW_TRACKING_URI, or mlruns/mlflow.db in this folder.
"""

BAD_INPUT, INTERRUPTED = 2, 130
COMMANDS = (
    *("sweep", "train", "studies", "leaderboard", "compare", "evaluate", "reproduce", "promote"),
    *("forecast", "export", "ui"),
)
# The commands that show more than their result, unless they are quiet.
_QUIET = ("sweep", "train", "evaluate", "reproduce", "promote")
_RAISING = ("search.tracking.store.retries", "mlflow.exceptions")


def main() -> None:
    """Runs the program and leaves with its exit status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Carries out a command line and returns the exit status; mistakes go to standard error."""
    try:
        return _dispatch(arguments)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return INTERRUPTED
    except BrokenPipeError:  # `sweepcast leaderboard | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        told = _told(error)
        if told is None:
            raise
        text, status = told
        sys.stderr.write("\n".join(text.splitlines()[:3]) + "\n")
        return status


def _told(error: Exception) -> tuple[str, int] | None:
    """Returns what to say of an error and the exit status; None of a fault of the program."""
    from datasets import DatasetError

    if isinstance(error, BadInput | DatasetError):
        return str(error), BAD_INPUT
    if isinstance(error, OSError):  # a file that may not be read, a folder that is a file
        return f"{error.filename or 'a file'}: {error.strerror or error}", BAD_INPUT
    # These are imported by whatever could raise them.
    patience, mlflow = (sys.modules.get(name) for name in _RAISING)
    if patience and isinstance(error, patience.StoreTrouble):
        return str(error), INTERRUPTED
    if mlflow and isinstance(error, mlflow.MlflowException):
        return f"the store cannot do what this command needs: {error}", BAD_INPUT
    return None


def _dispatch(arguments: list[str]) -> int:
    quiet = "--quiet" in arguments
    rest = [argument for argument in arguments if argument != "--quiet"]
    if not rest or rest[0] in ("--help", "-h", "help"):
        sys.stdout.write(USAGE)
        return 0
    if rest[0] == "--version":
        sys.stdout.write(f"sweepcast {__version__}\n")
        return 0
    if rest[0] in ("-sc", "--shell-completion"):
        from search.config.completion import complete

        return complete(rest, COMMANDS)
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # MLflow looks when it is imported
    command, own = rest[0], rest[1:]
    if command not in COMMANDS:
        raise BadInput(
            f"sweepcast has no command {command!r}: {nearest(command, COMMANDS)}\n"
            "see sweepcast --help"
        )
    return _run(command, own, quiet=quiet)


def _run(command: str, arguments: list[str], *, quiet: bool) -> int:
    module = import_module(f"search.commands.{'sweep' if command == 'train' else command}")
    function = getattr(module, command)
    status: int = function(arguments, quiet=quiet) if command in _QUIET else function(arguments)
    return status
