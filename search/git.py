"""The git commit of the working directory, for the record."""

import subprocess


def commit() -> str | None:
    """Returns the hash of HEAD; None outside a checkout, or without git."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None if found.returncode == 0 else None
