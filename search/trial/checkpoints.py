"""Stores the state of a training as an .npz file, so that a later trial can resume it."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = "checkpoint.npz"
_PARTS = ("weights", "optimizer")

# Numbers of the fold and of the execution.
Place = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The variables of a model and of its optimizer, each in the order Keras lists them."""

    weights: list[NDArray[Any]]
    optimizer: list[NDArray[Any]]


def pack(checkpoints: Mapping[Place, Checkpoint]) -> bytes:
    """Returns checkpoints as an .npz file; equal checkpoints give equal bytes."""
    arrays = {
        f"fold_{fold}/execution_{execution}/{part}/{i:04d}": array
        for (fold, execution), checkpoint in sorted(checkpoints.items())
        for part in _PARTS
        for i, array in enumerate(getattr(checkpoint, part))
    }
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def unpack(content: bytes) -> dict[Place, Checkpoint]:
    """Returns the checkpoints in an .npz file; pickled objects are refused."""
    found: dict[Place, Checkpoint] = {}
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        for name in sorted(arrays.files):
            fold, execution, part, _ = name.split("/")
            place = int(fold.removeprefix("fold_")), int(execution.removeprefix("execution_"))
            checkpoint = found.setdefault(place, Checkpoint([], []))
            getattr(checkpoint, part).append(arrays[name])
    return found
