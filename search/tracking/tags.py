"""Tags that describe the study and the program on every run."""

import getpass
from dataclasses import dataclass

from search.tracking import names
from search.tracking.git import Checkout


@dataclass(frozen=True)
class StudyTags:
    """The tags that all runs of a study share."""

    study: str
    backend: str
    digest: str
    checkout: Checkout | None

    def as_dict(self) -> dict[str, str]:
        """Returns the MLflow tags."""
        tags = {
            names.STUDY: self.study,
            names.BACKEND: self.backend,
            names.DIGEST: self.digest,
            names.SOURCE: "sweepcast",
            names.SOURCE_TYPE: "LOCAL",
            names.USER: _user(),
        }
        if self.checkout:
            tags[names.COMMIT] = self.checkout.commit
            tags[names.DIRTY] = names.text(self.checkout.dirty)
            if self.checkout.diff:
                tags[names.DIFF] = self.checkout.diff_name
        return tags


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the user is not in the password database, e.g. in a container
        return "unknown"
