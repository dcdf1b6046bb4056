"""Where a series comes from, and how it becomes windows: readers, parts, windows, transforms."""

from datasets.errors import DatasetError
from datasets.loading import load
from datasets.series import Series

__all__ = ["DatasetError", "Series", "load"]
