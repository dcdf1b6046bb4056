"""The state of the program's own checkout, for the record."""

import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

_HERE = Path(__file__)
# A larger diff is not kept: it is no state that anyone would want to bring back by patching.
_LARGEST = 256 * 1024  # bytes


@dataclass(frozen=True)
class Checkout:
    """The commit, and what the working tree has beside it.

    Attributes:
        commit: hash of HEAD.
        dirty: whether a tracked file is changed, or one is neither tracked nor ignored.
        diff: from HEAD to the tracked files as they are; empty where it is large or there is none.
    """

    commit: str
    dirty: bool
    diff: bytes

    @property
    def diff_name(self) -> str:
        """What the diff is called as a file: the same change has the same name."""
        return f"uncommitted-{sha256(self.diff).hexdigest()[:8]}.diff"


def checkout() -> Checkout | None:
    """Returns the state of the checkout that holds this file.

    None where it is installed from a wheel (be it below another checkout), or without git.
    """
    if _git("ls-files", "--error-unmatch", _HERE.name) is None:
        return None
    commit, changes = _git("rev-parse", "HEAD"), _git("status", "--porcelain")
    if not commit or changes is None:
        return None
    diff = (_git("diff", "HEAD", "--binary") or b"") if changes else b""
    return Checkout(
        commit=commit.decode().strip(),
        dirty=bool(changes),
        diff=diff if len(diff) <= _LARGEST else b"",
    )


def _git(*words: str) -> bytes | None:
    try:
        found = subprocess.run(
            ["git", "-C", str(_HERE.parent), *words],
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout if found.returncode == 0 else None
