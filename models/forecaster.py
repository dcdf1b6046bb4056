"""The built-in forecaster: convolution, recurrent and dense blocks, one after the other.

B windows in a batch, W window size, F channels of a window, H horizon.
"""

from typing import TYPE_CHECKING, Any

from models.checks import check_choice, check_whole
from models.conv import Conv, conv_block
from models.dense import Dense, dense_block
from models.recurrent import Recurrent, recurrent_block

if TYPE_CHECKING:
    from keras import Model
else:
    Model = Any  # the signature is read as the schema of `model`, where TensorFlow may be missing

HEADS = ("flatten", "last")


def forecaster(
    input_shape: tuple[int, int],
    horizon: int,
    *,
    conv: Conv,
    recurrent: Recurrent,
    dense: Dense,
    head: str,
) -> Model:
    """Builds the network window → conv → recurrent → head → dense → forecast, not compiled.

    Args:
        input_shape: (W, F).
        horizon: H, all steps are forecast at once.
        head: what the dense block sees of the steps before it: `flatten` all of them, `last` the
            final state of the recurrent block or, without one, the last time step.

    Returns:
        A model [B, W, F] → [B, H]. Its weights are drawn from Keras' global seed.

    Raises:
        ValueError: an option is wrong by itself.
        Infeasible: the strides leave no time step.
    """
    import keras

    window_size, channels = input_shape
    check_whole("task.window_size", window_size, least=1)
    check_whole("the number of input channels", channels, least=1)
    check_whole("task.horizon", horizon, least=1)
    check_choice("model.head", head, HEADS)

    window = keras.Input((window_size, channels), name="window")
    x = conv_block(window, conv)
    x = recurrent_block(x, recurrent, sequences=head == "flatten")
    if head == "last" and not recurrent.layers:
        x = keras.layers.Cropping1D((x.shape[1] - 1, 0), name="last")(x)
    if len(x.shape) == 3:
        x = keras.layers.Flatten(name="flatten")(x)
    x = dense_block(x, dense)
    return keras.Model(window, keras.layers.Dense(horizon, name="forecast")(x), name="forecaster")


def anchored(model: Model, target: int) -> Model:
    """Lets a model forecast the change from the last reading: output + x[:, -1, target].

    Args:
        model: [B, W, F] → [B, H], functional or sequential.
        target: channel of the window that is forecast, in the forecast's scale.

    Returns:
        A model of the same shapes that shares the given one's layers. It is made of Keras' own
        operations, so that it is saved and loaded without custom code.

    Raises:
        ValueError: the window has no such channel.
    """
    import keras

    window, forecast = model.inputs[0], model.outputs[0]
    channels = window.shape[-1]
    if not 0 <= target < channels:
        raise ValueError(
            f"The target is channel {target}, but a window has the channels 0 to {channels - 1}."
        )
    last_reading = window[:, -1, target : target + 1]
    return keras.Model(window, forecast + last_reading, name=f"anchored_{model.name}")
