"""The git commit of the program, for the record."""

import subprocess
from pathlib import Path

_HERE = Path(__file__)


def commit() -> str | None:
    """Returns the hash of HEAD of the checkout that holds this file.

    None where it is installed from a wheel (be it below another checkout), or without git.
    """
    if _git("ls-files", "--error-unmatch", _HERE.name) is None:
        return None
    return _git("rev-parse", "HEAD")


def _git(*words: str) -> str | None:
    try:
        found = subprocess.run(
            ["git", "-C", str(_HERE.parent), *words],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None if found.returncode == 0 else None
