"""The convolution block: a stack of causal 1-D convolutions over the window.

B is the batch size, L the number of time steps and F the number of channels. Each layer maps
[B, L, F] to [B, ceil(L / strides), filters], and its last output step depends on its last input
step. If only the last step of the last layer is needed, only its receptive field is computed.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from models.checks import ACTIVATIONS, check_choice, check_whole
from models.errors import Infeasible

if TYPE_CHECKING:
    import keras


@final
@dataclass
class Conv:
    """Options of the convolution block, `model.conv`; `layers: 0` switches it off.

    kernel_size may be larger than the window: causal padding adds zeros on the left.
    Not frozen, because OmegaConf makes a configuration of a frozen dataclass read-only.
    """

    layers: int = 0
    filters: int = 64
    kernel_size: int = 5
    strides: int = 1
    activation: str = "relu"

    def __post_init__(self) -> None:
        check_whole("model.conv.layers", self.layers, least=0)
        check_whole("model.conv.filters", self.filters, least=1)
        check_whole("model.conv.kernel_size", self.kernel_size, least=1)
        check_whole("model.conv.strides", self.strides, least=1)
        check_choice("model.conv.activation", self.activation, ACTIVATIONS)


def conv_block(
    x: "keras.KerasTensor", options: Conv, *, sequences: bool = True
) -> "keras.KerasTensor":
    """Applies the layers conv_1, conv_2, … to x.

    Args:
        x: tensor of shape [B, L, F].
        options: options of the block.
        sequences: whether all steps of the last layer's output are needed, or only its last step.

    Returns:
        A tensor of shape [B, L', filters], or x itself if the block is off. Its last step does not
        depend on `sequences`.

    Raises:
        Infeasible: a layer's strides exceed the number of time steps that are left.
    """
    from keras import layers

    window_size = steps = x.shape[1]
    for number in range(1, options.layers + 1):
        if options.strides > steps:
            raise Infeasible(
                f"conv layer {number} has strides {options.strides}, but only {steps} time steps"
                f" are left (of a window of {window_size}).\n"
                "Reduce model.conv.strides or model.conv.layers, or increase task.window_size."
            )
        steps = -(-steps // options.strides)
        length = x.shape[1]
        field = _receptive_field(options, options.layers - number + 1)
        # Keras counts strides from the first step, so the last output step could end before the
        # newest readings. With these zeros, it always ends at the last reading.
        zeros = options.kernel_size - 1 - (length - 1) % options.strides
        if field <= length and not sequences:
            zeros = field - length
        if zeros > 0:
            x = layers.ZeroPadding1D((zeros, 0), name=f"conv_{number}_pad")(x)
        elif zeros < 0:
            x = layers.Cropping1D((-zeros, 0), name=f"conv_{number}_crop")(x)
        x = layers.Conv1D(
            options.filters,
            options.kernel_size,
            strides=options.strides,
            activation=options.activation,
            name=f"conv_{number}",
        )(x)
    return x


def _receptive_field(options: Conv, layers: int) -> int:
    """Returns the number of input steps that one output step of `layers` layers depends on."""
    steps = 1
    for _ in range(layers):
        steps = (steps - 1) * options.strides + options.kernel_size
    return steps
