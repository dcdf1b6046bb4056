"""What a process that trains must have in its environment before TensorFlow is imported."""

import logging
import os
import platform
from importlib import metadata
from importlib.util import find_spec

from search.errors import BadInput

RECORDED = ("sweepcast", "tensorflow", "tensorflow-cpu", "keras", "numpy", "optuna", "keras-tuner")


def environment(threads: int) -> dict[str, str]:
    """Returns the variables of a training process with `threads` threads.

    The thread count is part of what makes a training repeat bit for bit. oneDNN's custom kernels
    are off because their results depend on the processor's model.
    """
    return {
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "MPLBACKEND": "agg",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def prepare_process(threads: int) -> None:
    """Sets the environment of this process; later imports of TensorFlow and Keras follow it."""
    os.environ.update(environment(threads))
    silence_tensorflow()


def silence_tensorflow() -> None:
    """Keeps TensorFlow from warning that each trial compiles its own net, which it must."""
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def require_tensorflow() -> None:
    """Checks that TensorFlow is installed.

    Raises:
        BadInput: it is not; the text names the extra to add.
    """
    if find_spec("tensorflow") is None:
        raise BadInput(
            "TensorFlow is not installed, and every training command needs it:\n"
            "pip install 'sweepcast[cpu]' (or 'sweepcast[gpu]' with an NVIDIA card)"
        )


def describe_environment() -> dict[str, str | dict[str, str]]:
    """Returns versions, machine and thread settings of this process."""
    versions = {}
    for package in RECORDED:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    import numpy as np  # here: it reads the thread settings when it is imported

    # What numpy was built for and what of more it found in this processor.
    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "instructions": " ".join([*simd["baseline"], *simd["found"]]),
        "packages": versions,
        "settings": {key: os.environ.get(key, "") for key in sorted(environment(1))},
    }
