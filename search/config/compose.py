"""Composes the configuration with Hydra for `sweepcast sweep` and `sweepcast train`.

Hydra's flags, `--multirun` and completion work as usual. Two things differ: a `space.*` override
replaces the leaf, and an error is reported in at most three lines, with exit status 2.
"""

import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import hydra
import yaml
from hydra._internal.utils import get_args_parser
from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from datasets import DatasetError
from search.config.dotted import flatten
from search.config.overrides import rewrite_space_overrides
from search.config.schema import Config, register_schema, to_config
from search.errors import BadInput, nearest

# What Hydra raises for an invalid command line: its own errors, yaml errors, OSError (it cannot
# create the folder of a run), ValueError (an override of the wrong kind) or SystemExit.
_HYDRA_ERRORS: tuple[type[BaseException], ...] = (HydraException, OmegaConfBaseException)
_HYDRA_ERRORS += (yaml.YAMLError, OSError, ValueError, SystemExit)
_BAD_INPUT, _INTERRUPTED = 2, 130

# Runs a command with a configuration and returns the exit status.
Task = Callable[[Config], int]


def run(arguments: list[str], task: Task) -> int:
    """Runs `task` with the configuration composed from `arguments`, once per `--multirun` job.

    Returns the worst exit status of the jobs, or 0 if Hydra only printed information.

    Raises:
        BadInput: the configuration cannot be composed, or a single job raised it.
    """
    register_schema()
    statuses: list[int] = []
    errors: list[str] = []
    jobs: list[HydraConf] = []

    def job(composed: DictConfig) -> None:
        if _INTERRUPTED in statuses:  # Ctrl-C also ends the remaining jobs of a --multirun
            return
        jobs.append(HydraConfig.get())
        try:
            statuses.append(task(to_config(composed)))
        except (BadInput, DatasetError) as error:  # the other jobs still run
            errors.append(str(error))
            _discard_job(jobs[-1])

    _check_flags(arguments)
    folder = _name_folder()
    program = hydra.main(version_base="1.3", config_path="pkg://conf", config_name="config")(job)
    with _arguments(rewrite_space_overrides(arguments)), _full_errors():
        try:
            program()
        except _HYDRA_ERRORS as error:
            if len(jobs) > len(statuses) + len(errors):
                raise  # raised by a job, not by Hydra
            if isinstance(error, SystemExit):  # Hydra has printed information or an error
                return _BAD_INPUT if error.code else 0
            _discard_sweep(folder)
            raise BadInput(explain(error)) from None
    if errors and not statuses:
        _discard_sweep(Path(str(jobs[-1].sweep.dir)))
    if len(jobs) == len(errors) == 1:
        raise BadInput(errors[0])
    for message in dict.fromkeys(errors):
        sys.stderr.write("\n".join(message.splitlines()[:3]) + "\n")
    return max([*statuses, *(_BAD_INPUT for _ in errors)], default=0)


def explain(error: BaseException) -> str:
    """Returns the message for an error of Hydra or OmegaConf, in at most three lines."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = str(error.missing_cfg_file).rpartition("/")
        if not group:
            return f"--config-name is {option!r}: there is no such configuration\npossible: config"
        known = error.options or _options(group)  # Hydra gives no options for a list like space
        return f"{group}={option}: there is no such option\n{nearest(option, known)}"
    if isinstance(error, OSError):
        return (
            f"{error.filename} cannot be created: {error.strerror}\n"
            "run sweepcast in a writable folder, or set hydra.run.dir to one"
        )
    reason = error.__cause__ or error.__context__
    cause = reason if isinstance(reason, OmegaConfBaseException) else error
    file = re.match(r"In '([^']+)'", str(error))  # a file of --config-dir
    place = f" in {file[1]}.yaml" if file else ""
    if isinstance(cause, ConfigKeyError | ConfigAttributeError):
        key = str(cause.full_key or cause.key)
        return f"{key}{place} is not a configuration key\n{nearest(key, _known_keys(key))}"
    if isinstance(cause, OmegaConfBaseException):
        return f"{cause.full_key}{place}: {str(cause).splitlines()[0]}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "\n".join(lines[:3])


def _options(group: str) -> list[str]:
    folder = resources.files("conf").joinpath(group)
    return [Path(entry.name).stem for entry in folder.iterdir()] if folder.is_dir() else []


def _check_flags(arguments: list[str]) -> None:
    """Checks the arguments with Hydra's argument parser, without printing its usage page.

    The parser is private to Hydra; a test checks that it accepts the same arguments as Hydra.

    Raises:
        BadInput: the parser rejects the arguments.
    """
    output = io.StringIO()
    try:
        with redirect_stderr(output), redirect_stdout(io.StringIO()):
            get_args_parser().parse_args(arguments)
    except SystemExit as error:
        if not error.code:  # --version
            return
        text = output.getvalue().strip().splitlines()[-1].partition("error: ")[2]
        raise BadInput(f"{text}\nsee sweepcast sweep --help and --hydra-help") from None


def _known_keys(key: str) -> list[str]:
    """Returns the keys of the group of `key` in the default configuration."""
    from hydra import compose, initialize_config_module
    from hydra.core.global_hydra import GlobalHydra

    GlobalHydra.instance().clear()
    with initialize_config_module("conf", version_base="1.3"):
        known = flatten(to_config(compose("config")).plain())
    group = key.partition(".")[0]
    return [name for name in known if name.startswith(f"{group}.")] or sorted(
        {name.partition(".")[0] for name in known}
    )


def _discard_job(job: HydraConf) -> None:
    """Removes the files Hydra wrote for a job that was rejected, and folders left empty."""
    folder = Path(str(job.runtime.output_dir))
    if job.output_subdir:
        own = folder / job.output_subdir
        for name in ("config.yaml", "hydra.yaml", "overrides.yaml"):
            (own / name).unlink(missing_ok=True)
        if own.is_dir() and not any(own.iterdir()):
            own.rmdir()
    _remove_empty(folder)


def _discard_sweep(folder: Path) -> None:
    """Removes the files Hydra wrote for a `--multirun` in which no job ran."""
    if folder.is_dir():
        (folder / "multirun.yaml").unlink(missing_ok=True)
        _remove_empty(folder)


def _remove_empty(folder: Path) -> None:
    """Removes `folder` and its parents while they are empty and inside the current folder."""
    here = Path.cwd()
    place = folder.resolve()
    while here in place.parents and place.is_dir() and not any(place.iterdir()):
        place.rmdir()
        place = place.parent


def _name_folder() -> Path:
    """Returns the folder of this run; `${sweepcast.folder:}` resolves to it."""
    folder = Path("mlruns", "hydra", f"{datetime.now(UTC).astimezone():%Y-%m-%d_%H-%M-%S-%f}")
    OmegaConf.register_new_resolver("sweepcast.folder", folder.as_posix, replace=True)
    return folder


@contextmanager
def _arguments(arguments: list[str]) -> Iterator[None]:
    before = sys.argv
    sys.argv = ["sweepcast", *arguments]
    try:
        yield
    finally:
        sys.argv = before


@contextmanager
def _full_errors() -> Iterator[None]:
    """Makes Hydra raise its errors instead of printing them and exiting with status 1."""
    before = os.environ.get("HYDRA_FULL_ERROR")
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = before
