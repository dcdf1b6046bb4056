"""How the training of a net is compiled. It shapes the bits, so it follows from the net, its window
and the length of its training alone; it is recorded with each trial, and `reproduce` keeps to it.

`loop`: TensorFlow runs operation by operation. `xla`: an epoch is one program, which halves
a step of recurrent layers, takes seconds to compile, and does nothing for convolutions.
`unrolled`: likewise, and the steps of a window are no loop any more; that halves SimpleRNN again,
while the larger cells gain a tenth and compile for half a minute.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

LOOP, XLA, UNROLLED = "loop", "xla", "unrolled"
COMPILATIONS = (LOOP, XLA, UNROLLED)
# Steps of training from which compiling is paid back; the time to compile grows with the window as
# the time of a step does.
_XLA_PAYS_FROM = 500
_UNROLLING_PAYS_FROM = 4000
_LONGEST_UNROLLED = 64  # time steps: beyond, compiling grows faster than the window


def compilation(net: "keras.Model", *, window_size: int, steps: int) -> str:
    """Returns how to compile the training of `net` over so many gradient steps."""
    import keras

    recurrent = [*_recurrent(net)]
    if not recurrent or steps < _XLA_PAYS_FROM:
        return LOOP
    simple = all(isinstance(layer, keras.layers.SimpleRNN) for layer in recurrent)
    if simple and steps >= _UNROLLING_PAYS_FROM and window_size <= _LONGEST_UNROLLED:
        return UNROLLED
    return XLA


@contextmanager
def unrolled(net: "keras.Model") -> Iterator[None]:
    """Lets what is traced meanwhile unroll the recurrent layers; a net is saved without that."""
    layers = [*_recurrent(net)]
    before = [layer.unroll for layer in layers]
    for layer in layers:
        layer.unroll = True
    try:
        yield
    finally:
        for layer, value in zip(layers, before, strict=True):
            layer.unroll = value


def _recurrent(net: "keras.Model") -> "Iterator[keras.layers.RNN]":
    """Yields the recurrent layers of a net, and those of the nets in it."""
    import keras

    for layer in net.layers:
        if isinstance(layer, keras.Model):
            yield from _recurrent(layer)
        elif isinstance(layer, keras.layers.Bidirectional):
            yield from (layer.forward_layer, layer.backward_layer)
        elif isinstance(layer, keras.layers.RNN):
            yield layer
