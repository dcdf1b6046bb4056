"""Reads the Git state of the program's own checkout."""

import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

_HERE = Path(__file__)
# A larger diff is not stored: nobody would restore such a state from a patch.
_LARGEST = 256 * 1024  # bytes


@dataclass(frozen=True)
class Checkout:
    """The commit of a checkout, and the uncommitted changes in its working tree.

    Attributes:
        commit: hash of HEAD.
        dirty: whether a tracked file has changed, or a file is neither tracked nor ignored.
        diff: diff of the tracked files against HEAD; empty if there is none or it is too large.
    """

    commit: str
    dirty: bool
    diff: bytes

    @property
    def diff_name(self) -> str:
        """File name of the diff. The same change always gets the same name."""
        return f"uncommitted-{sha256(self.diff).hexdigest()[:8]}.diff"


def checkout() -> Checkout | None:
    """Returns the state of the checkout that contains this file.

    Returns None without Git, or if the program was installed from a wheel, even one inside another
    checkout.
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
