"""Chooses how the training of a model is compiled.

Compilation changes the bits of a result. So the choice depends only on the model, its window size
and the number of gradient steps. It is logged with each trial, and `reproduce` uses the logged one.

`loop`: TensorFlow runs operation by operation.
`xla`: an epoch is one compiled program. This halves the step time of recurrent layers, takes
seconds to compile, and does not speed up convolutions.
`unrolled`: like `xla`, but the loop over the time steps is unrolled. This halves the step time of
SimpleRNN again; GRU and LSTM gain only a tenth and take half a minute to compile.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

LOOP, XLA, UNROLLED = "loop", "xla", "unrolled"
COMPILATIONS = (LOOP, XLA, UNROLLED)
# Gradient steps from which compiling saves time, whatever the window size: compile time and step
# time grow with it at the same rate.
_XLA_PAYS_FROM = 500
_UNROLLING_PAYS_FROM = 4000
_LONGEST_UNROLLED = 64  # time steps; above, compile time grows faster than the window


def compilation(network: "keras.Model", *, window_size: int, steps: int) -> str:
    """Returns how to compile the training of `network` over `steps` gradient steps."""
    import keras

    recurrent = [*_recurrent(network)]
    if not recurrent or steps < _XLA_PAYS_FROM:
        return LOOP
    simple = all(isinstance(layer, keras.layers.SimpleRNN) for layer in recurrent)
    if simple and steps >= _UNROLLING_PAYS_FROM and window_size <= _LONGEST_UNROLLED:
        return UNROLLED
    return XLA


@contextmanager
def unrolled(network: "keras.Model") -> Iterator[None]:
    """Unrolls the recurrent layers of `network` within the context, while training is traced.

    The layers are restored on exit, so that a saved model is not unrolled.
    """
    layers = [*_recurrent(network)]
    before = [layer.unroll for layer in layers]
    for layer in layers:
        layer.unroll = True
    try:
        yield
    finally:
        for layer, value in zip(layers, before, strict=True):
            layer.unroll = value


def _recurrent(model: "keras.Model") -> "Iterator[keras.layers.RNN]":
    """Yields the recurrent layers of a model and of the models nested in it."""
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _recurrent(layer)
        elif isinstance(layer, keras.layers.Bidirectional):
            yield from (layer.forward_layer, layer.backward_layer)
        elif isinstance(layer, keras.layers.RNN):
            yield layer
