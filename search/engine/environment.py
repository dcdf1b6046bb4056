"""Sets the environment that a training process needs before TensorFlow is imported."""

import logging
import os
import platform
from importlib import metadata
from importlib.util import find_spec

from search.errors import BadInput

RECORDED = ("sweepcast", "tensorflow", "tensorflow-cpu", "keras", "numpy", "optuna", "keras-tuner")


def environment(threads: int) -> dict[str, str]:
    """Returns the environment variables of a training process with `threads` threads.

    Trainings repeat bit for bit only with the same number of threads. oneDNN's custom kernels are
    off because their results depend on the processor model.
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
    """Sets the environment of this process for later imports of TensorFlow and Keras."""
    os.environ.update(environment(threads))
    silence_tensorflow()


def silence_tensorflow() -> None:
    """Silences TensorFlow's warning that each trial compiles its own model, which is intended."""
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def require_tensorflow() -> None:
    """Checks that TensorFlow is installed.

    Raises:
        BadInput: it is not; the message names the extra to install.
    """
    if find_spec("tensorflow") is None:
        raise BadInput(
            "TensorFlow is not installed, but every training command needs it:\n"
            "pip install 'sweepcast[cpu]' (or 'sweepcast[gpu]' with an NVIDIA GPU)"
        )


def describe_environment() -> dict[str, str | dict[str, str]]:
    """Returns the versions, machine and thread settings of this process."""
    versions = {}
    for package in RECORDED:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    import numpy as np  # imported here because it reads the thread settings

    # The instruction sets that numpy was built for, and others found in this processor.
    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "instructions": " ".join([*simd["baseline"], *simd["found"]]),
        "packages": versions,
        "settings": {key: os.environ.get(key, "") for key in sorted(environment(1))},
    }
