"""The built-in forecaster: convolution, recurrent and dense blocks, one after the other.

B windows in a batch, W window size, F channels of a window, H horizon.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from models.checks import (
    check_choice,
    check_flag,
    check_whole,
)
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
    skip: bool = False,
) -> Model:
    """Builds the network window → conv → recurrent → head → dense → forecast, not compiled.

    Args:
        input_shape: (W, F).
        horizon: H, all steps are forecast at once.
        head: what the dense block sees of the steps before it: `flatten` all of them, `last` the
            final state of the recurrent block or, without one, the last time step.
        skip: whether a linear map of the whole window is added to the forecast, so that the blocks
            learn what a linear autoregression leaves over.

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
    check_flag("model.skip", skip)

    window = keras.Input((window_size, channels), name="window")
    steps_wanted = head == "flatten" or recurrent.layers > 0
    x = conv_block(window, conv, sequences=steps_wanted)
    x = recurrent_block(x, recurrent, sequences=head == "flatten")
    if not steps_wanted and x.shape[1] > 1:
        x = keras.layers.Cropping1D((x.shape[1] - 1, 0), name="last")(x)
    if len(x.shape) == 3:
        x = keras.layers.Flatten(name="flatten")(x)
    x = dense_block(x, dense)
    forecast = keras.layers.Dense(horizon, name="forecast")(x)
    if skip:
        flat = keras.layers.Flatten(name="skip_flatten")(window)
        forecast += keras.layers.Dense(horizon, use_bias=False, name="skip")(flat)
    return keras.Model(window, forecast, name="forecaster")


def from_readings(
    model: Model,
    *,
    center: Sequence[float],
    scale: Sequence[float],
    target: int,
    lag: int,
    ago: Sequence[int],
) -> Model:
    """Lets a model take readings as they are and return a forecast in their unit.

    It is made of Keras' own operations, so that it is saved and loaded without custom code.

    Args:
        model: [B, W, C + K] → [B, H], of scaled inputs (or their change from the season before,
            with `lag`) and K calendar terms, to a scaled output.
        center: [C], subtracted from each channel.
        scale: [C], what each channel is divided by then.
        target: channel that is forecast.
        lag: steps of a season, 0 for a model of the values themselves.
        ago: [H], how many steps before its target each step's seasonal reference lies.

    Returns:
        A model of a dict: `readings` [B, lag + W, C] and, where K is not 0, `calendar` [B, W, K],
        the terms of the last W steps.
    """
    import keras

    _, window_size, features = model.input_shape
    channels = len(center)
    readings = keras.Input((lag + window_size, channels), name="readings")
    shift = [-c / s for c, s in zip(center, scale, strict=True)]
    scaled = keras.layers.Rescaling([1 / s for s in scale], shift, name="scaled")(readings)
    inputs = {"readings": readings}
    x = scaled
    if lag:
        x = scaled[:, lag:] - scaled[:, :-lag]
    if features > channels:
        inputs["calendar"] = keras.Input((window_size, features - channels), name="calendar")
        x = keras.layers.Concatenate(name="features")([x, inputs["calendar"]])
    forecast = model(x)
    if lag:
        places = [lag + window_size + step - back for step, back in enumerate(ago)]
        forecast += keras.ops.take(scaled[:, :, target], places, axis=1)
    forecast = keras.layers.Rescaling(scale[target], center[target], name="unscaled")(forecast)
    return keras.Model(inputs, forecast, name="from_readings")


def relative(model: Model, channels: int) -> Model:
    """Lets a model see the channels of the series as changes from the window's last reading.

    It then sees shapes, not levels: a trend that leaves the range of the training part does not
    leave the range of what it was trained on.

    Args:
        model: [B, W, F] → [B, H].
        channels: how many of the F are of the series; the rest, calendar terms, stay as they are.

    Returns:
        A model of the same shapes, made of Keras' own operations.
    """
    import keras

    window = keras.Input(model.input_shape[1:], name="window")
    seen = window[:, :, :channels] - window[:, -1:, :channels]
    if model.input_shape[-1] > channels:
        seen = keras.layers.Concatenate(name="relative")([seen, window[:, :, channels:]])
    return keras.Model(window, model(seen), name=f"relative_{model.name}")


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
