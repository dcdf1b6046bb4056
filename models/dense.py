"""The dense block: fully connected layers, each followed by dropout if its rate is above 0.

B is the batch size and U the number of inputs.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from models.checks import ACTIVATIONS, check_choice, check_rate, check_whole

if TYPE_CHECKING:
    import keras


@final
@dataclass
class Dense:
    """Options of the dense block, `model.dense`; `layers: 0` switches it off.

    Not frozen, because OmegaConf makes a configuration of a frozen dataclass read-only.
    """

    layers: int = 1
    units: int = 16
    activation: str = "relu"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_whole("model.dense.layers", self.layers, least=0)
        check_whole("model.dense.units", self.units, least=1)
        check_choice("model.dense.activation", self.activation, ACTIVATIONS)
        check_rate("model.dense.dropout", self.dropout)


def dense_block(x: "keras.KerasTensor", options: Dense) -> "keras.KerasTensor":
    """Applies the layers dense_1, dense_2, … to x.

    Args:
        x: tensor of shape [B, U].
        options: options of the block.

    Returns:
        A tensor of shape [B, units], or x itself if the block is off.
    """
    from keras import layers

    for number in range(1, options.layers + 1):
        x = layers.Dense(options.units, options.activation, name=f"dense_{number}")(x)
        if options.dropout > 0:
            x = layers.Dropout(options.dropout, name=f"dense_{number}_dropout")(x)
    return x
