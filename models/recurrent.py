"""The recurrent block: a stack of SimpleRNN, GRU or LSTM layers over the window.

B is the batch size, L the number of time steps, F the number of channels and U the number of output
units (twice `units` if bidirectional).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from models.checks import check_choice, check_flag, check_rate, check_whole

if TYPE_CHECKING:
    import keras

CELLS = ("simple_rnn", "gru", "lstm")


@final
@dataclass
class Recurrent:
    """Options of the recurrent block, `model.recurrent`; `layers: 0` switches it off.

    dropout applies to each layer's inputs, recurrent_dropout to its recurrent state.
    Not frozen, because OmegaConf makes a configuration of a frozen dataclass read-only.
    """

    layers: int = 0
    cell: str = "gru"
    units: int = 32
    bidirectional: bool = False
    dropout: float = 0.0
    recurrent_dropout: float = 0.0

    def __post_init__(self) -> None:
        check_whole("model.recurrent.layers", self.layers, least=0)
        check_choice("model.recurrent.cell", self.cell, CELLS)
        check_whole("model.recurrent.units", self.units, least=1)
        check_flag("model.recurrent.bidirectional", self.bidirectional)
        check_rate("model.recurrent.dropout", self.dropout)
        check_rate("model.recurrent.recurrent_dropout", self.recurrent_dropout)


def recurrent_block(
    x: "keras.KerasTensor", options: Recurrent, *, sequences: bool
) -> "keras.KerasTensor":
    """Applies the layers recurrent_1, recurrent_2, … to x.

    Args:
        x: tensor of shape [B, L, F].
        options: options of the block.
        sequences: whether the last layer returns its state at every step, or only its final state
            (if bidirectional, the final states of both directions).

    Returns:
        A tensor of shape [B, L, U] with `sequences`, [B, U] without, or x itself if the block is
        off.
    """
    from keras import layers

    cells = {"simple_rnn": layers.SimpleRNN, "gru": layers.GRU, "lstm": layers.LSTM}
    for number in range(1, options.layers + 1):
        name = f"recurrent_{number}"
        layer = cells[options.cell](
            options.units,
            return_sequences=sequences or number < options.layers,
            dropout=options.dropout,
            recurrent_dropout=options.recurrent_dropout,
            name=name,
        )
        x = layers.Bidirectional(layer, name=name)(x) if options.bidirectional else layer(x)
    return x
