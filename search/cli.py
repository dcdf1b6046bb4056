"""The command line: parses the subcommand and `--quiet`, and calls the subcommand's function.

Heavy packages are imported only when a command needs them.
"""

import os
import sys
from importlib import import_module

from search import __version__
from search.errors import BadInput, nearest

USAGE = """\
Usage: sweepcast COMMAND [ARGUMENTS]

Finds the best Keras forecaster for a time series. Hydra composes the search space, Optuna or
Keras Tuner proposes the trials, and MLflow records them.

  sweep [OVERRIDES]     run or resume a study: sweepcast sweep study.trials=30  [--json]
  train [OVERRIDES]     train one trial with the configured values  [--json]
  studies               list the studies in the store
  leaderboard [STUDY]   list trials and baselines, best first  [--top N] [--json]
  compare RUN RUN …     compare runs, differing settings first  [--json]
  evaluate RUN          score a trial on the test block with fresh seeds  [--seeds N] [--json]
  reproduce RUN         train a run again and compare it bit for bit  [--tolerance X]
  promote RUN           refit a trial on all readings and register it if it beats the baselines
                        [--seeds N] [--force]
  forecast MODEL --history FILE
                        forecast the steps after a raw history  [--output CSV] [--plot PNG]
  export STUDY --to optuna URL
                        copy the trials of a study to an Optuna storage
  ui [STUDY]            open the MLflow UI for the current store  [--port N] [--no-browser]

`sweepcast sweep --help` shows the configuration. Hydra's flags work after sweep and train.
RUN is a run id, STUDY:best or STUDY:ensemble. `--quiet`, before or after a command, prints only
the result. The store is MLFLOW_TRACKING_URI, or mlruns/mlflow.db in the current folder.
"""

BAD_INPUT, INTERRUPTED = 2, 130
COMMANDS = (
    *("sweep", "train", "studies", "leaderboard", "compare", "evaluate", "reproduce", "promote"),
    *("forecast", "export", "ui"),
)
# Commands that print progress unless --quiet is given.
_QUIET = ("sweep", "train", "evaluate", "reproduce", "promote")
_ERROR_MODULES = ("search.tracking.store.retries", "mlflow.exceptions")


def main() -> None:
    """Runs the program and exits with its status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs a command line and returns its exit status; errors are printed to standard error."""
    try:
        return _dispatch(arguments)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return INTERRUPTED
    except BrokenPipeError:  # `sweepcast leaderboard | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        reported = _reported(error)
        if reported is None:
            raise
        text, status = reported
        sys.stderr.write("\n".join(text.splitlines()[:3]) + "\n")
        return status


def _reported(error: Exception) -> tuple[str, int] | None:
    """Returns the message and exit status of an expected error; None if it is a bug."""
    from datasets import DatasetError

    if isinstance(error, BadInput | DatasetError):
        return str(error), BAD_INPUT
    if isinstance(error, OSError):  # such as an unreadable file, or a file in place of a folder
        return f"{error.filename or 'a file'}: {error.strerror or error}", BAD_INPUT
    # Looked up instead of imported: if the module is not loaded, it did not raise the error.
    retries, mlflow = (sys.modules.get(name) for name in _ERROR_MODULES)
    if retries and isinstance(error, retries.StoreTrouble):
        return str(error), INTERRUPTED
    if mlflow and isinstance(error, mlflow.MlflowException):
        return f"the store cannot run this command: {error}", BAD_INPUT
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
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # MLflow reads it when imported
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
