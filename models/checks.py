"""Checks of single options, shared by the blocks.

Each check takes the option's dotted key, so that its ValueError shows where to set the option.
"""

from collections.abc import Collection
from difflib import get_close_matches
from math import inf

# The functions of keras.activations that need no arguments (threshold does) and keep the width of
# a layer (glu halves it). Listed here so that options can be checked without importing TensorFlow;
# a test compares the list with Keras.
ACTIVATIONS = (
    "celu",
    "elu",
    "exponential",
    "gelu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
)


def check_whole(key: str, value: object, *, least: int) -> None:
    """Raises ValueError unless `value` is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{key} is {value!r}: it must be a whole number of at least {least}.")


def check_least(key: str, value: object, *, least: float) -> None:
    """Raises ValueError unless `value` is a finite number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < inf:
        raise ValueError(f"{key} is {value!r}: it must be a number of at least {least:g}.")


def check_rate(key: str, value: object) -> None:
    """Raises ValueError unless `value` is a number in [0, 1), such as a dropout rate."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise ValueError(f"{key} is {value!r}: it must be a number from 0 to below 1.")


def check_flag(key: str, value: object) -> None:
    """Raises ValueError unless `value` is true or false."""
    if value is not True and value is not False:
        raise ValueError(f"{key} is {value!r}: it must be true or false.")


def check_choice(key: str, value: object, choices: Collection[str]) -> None:
    """Raises ValueError, naming the nearest of `choices`, unless `value` is one of them."""
    if value in choices:
        return
    # A choice that starts with the value is preferred to a similar one: `flat` means flatten.
    begun = [choice for choice in choices if choice.startswith(str(value))]
    near = begun or get_close_matches(str(value), choices, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{key} is {value!r}.{hint}\nPossible: {', '.join(choices)}.")
