"""Checks of single options, shared by the blocks.

Each takes the option's dotted key, so that the text of its ValueError tells where to set it.
"""

from collections.abc import Collection
from difflib import get_close_matches

# Those of keras.activations that go by their name alone (threshold needs arguments) and keep a
# layer's width (glu halves it). Listed here so that options can be checked without loading
# TensorFlow; a test compares the list with keras.
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


def check_rate(key: str, value: object) -> None:
    """Raises ValueError unless `value` is a share in [0, 1), such as a dropout rate."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise ValueError(f"{key} is {value!r}: it must be a number from 0 up to, not including, 1.")


def check_flag(key: str, value: object) -> None:
    """Raises ValueError unless `value` is true or false."""
    if value is not True and value is not False:
        raise ValueError(f"{key} is {value!r}: it must be true or false.")


def check_choice(key: str, value: object, choices: Collection[str]) -> None:
    """Raises ValueError, naming the nearest of `choices`, unless `value` is one of them."""
    if value in choices:
        return
    # What someone began to type comes before what is alike: `flat` means flatten, not last.
    begun = [choice for choice in choices if choice.startswith(str(value))]
    near = begun or get_close_matches(str(value), choices, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{key} is {value!r}.{hint}\nPossible: {', '.join(choices)}.")
