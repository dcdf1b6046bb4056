"""The built-in forecaster: a convolution, a recurrent and a dense block in sequence.

B is the batch size, W the window size, F the number of channels of a window and H the horizon.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from models.checks import check_choice, check_flag, check_least, check_whole
from models.conv import Conv, conv_block
from models.dense import Dense, dense_block
from models.linear_start import FORECAST, SKIP
from models.recurrent import Recurrent, recurrent_block

if TYPE_CHECKING:
    from keras import Model
else:
    Model = Any  # the signature is the schema of `model`, which is read without TensorFlow

HEADS = ("flatten", "last")
SKIPS = ("none", "trained", "ridge")


def forecaster(
    input_shape: tuple[int, int],
    horizon: int,
    *,
    conv: Conv,
    recurrent: Recurrent,
    dense: Dense,
    head: str,
    skip: Any = "none",
    ridge_trainable: bool = False,
    shrinkage: float = 0.0,
) -> Model:
    """Builds the uncompiled model window → conv → recurrent → head → dense → forecast.

    Args:
        input_shape: (W, F).
        horizon: H; one output for each step.
        conv: options of the convolution block.
        recurrent: options of the recurrent block.
        dense: options of the dense block.
        head: the input of the dense block: `flatten` for all time steps, `last` for the final state
            of the recurrent block or, without one, the last time step.
        skip: `trained` adds a linear map of the whole window to the forecast, so that the blocks
            learn what a linear autoregression cannot. `ridge` does so too, and the forecast starts
            at that map alone: the output layer of the blocks starts at zero, and the caller sets
            the map to a ridge regression (`models.linear_start`). `none` adds nothing. `false` and
            `true` are the former names of `none` and `trained`.
        ridge_trainable: whether training changes the linear map of `ridge`.
        shrinkage: L2 penalty on the weights of the output layer, which shrinks what the blocks add.

    Returns:
        A model [B, W, F] → [B, H]. Its weights are initialised from Keras' global seed.

    Raises:
        ValueError: an option is invalid by itself.
        Infeasible: the strides leave no time step.
    """
    import keras

    window_size, channels = input_shape
    check_whole("task.window_size", window_size, least=1)
    check_whole("the number of input channels", channels, least=1)
    check_whole("task.horizon", horizon, least=1)
    check_choice("model.head", head, HEADS)
    if isinstance(skip, bool):
        skip = "trained" if skip else "none"
    check_choice("model.skip", skip, SKIPS)
    check_flag("model.ridge_trainable", ridge_trainable)
    check_least("model.shrinkage", shrinkage, least=0)

    window = keras.Input((window_size, channels), name="window")
    steps_wanted = head == "flatten" or recurrent.layers > 0
    x = conv_block(window, conv, sequences=steps_wanted)
    x = recurrent_block(x, recurrent, sequences=head == "flatten")
    if not steps_wanted and x.shape[1] > 1:
        x = keras.layers.Cropping1D((x.shape[1] - 1, 0), name="last")(x)
    if len(x.shape) == 3:
        x = keras.layers.Flatten(name="flatten")(x)
    x = dense_block(x, dense)
    output = keras.layers.Dense(
        horizon,
        kernel_initializer="zeros" if skip == "ridge" else "glorot_uniform",
        kernel_regularizer=keras.regularizers.L2(shrinkage) if shrinkage else None,
        name=FORECAST,
    )
    forecast = output(x)
    if skip != "none":
        flat = keras.layers.Flatten(name="skip_flatten")(window)
        linear = keras.layers.Dense(horizon, use_bias=skip == "ridge", name=SKIP)
        linear.trainable = skip == "trained" or ridge_trainable
        forecast += linear(flat)
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
    """Wraps a model so that it takes unscaled readings and returns a forecast in their unit.

    The wrapper uses Keras operations only, so that it is saved and loaded without custom code.

    Args:
        model: a model [B, W, C + K] → [B, H] that maps scaled inputs (with `lag`, their change from
            the previous season) and K calendar terms to a scaled output.
        center: [C], value to subtract from each channel.
        scale: [C], value to divide each channel by after that.
        target: index of the channel to forecast.
        lag: number of steps in a season; 0 for a model of the values themselves.
        ago: [H], number of steps from each target back to its seasonal reference.

    Returns:
        A model with a dict of inputs: `readings` [B, lag + W, C] and, if K is not 0, `calendar`
        [B, W, K], the calendar terms of the last W steps.
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
    """Wraps a model so that it gets the series as changes from the window's last reading.

    Its inputs then do not depend on the level of the series: they stay in the range of the training
    inputs even if a trend takes the series out of the range of the training part.

    Args:
        model: a model [B, W, F] → [B, H].
        channels: number of channels that belong to the series; the rest of the F channels, calendar
            terms, are not changed.

    Returns:
        A model with the same shapes that uses Keras operations only.
    """
    import keras

    window = keras.Input(model.input_shape[1:], name="window")
    seen = window[:, :, :channels] - window[:, -1:, :channels]
    if model.input_shape[-1] > channels:
        seen = keras.layers.Concatenate(name="relative")([seen, window[:, :, channels:]])
    return keras.Model(window, model(seen), name=f"relative_{model.name}")


def anchored(model: Model, target: int) -> Model:
    """Wraps a model to forecast the change from the last reading: output + x[:, -1, target].

    Args:
        model: a model [B, W, F] → [B, H], functional or sequential.
        target: index of the channel to forecast, which has the scale of the forecast.

    Returns:
        A model with the same shapes that shares the layers of the given one. It uses Keras
        operations only, so that it is saved and loaded without custom code.

    Raises:
        ValueError: the window has no such channel.
    """
    import keras

    window, forecast = model.inputs[0], model.outputs[0]
    channels = window.shape[-1]
    if not 0 <= target < channels:
        raise ValueError(
            f"The target is channel {target}, but the window has channels 0 to {channels - 1}."
        )
    last_reading = window[:, -1, target : target + 1]
    return keras.Model(window, forecast + last_reading, name=f"anchored_{model.name}")
