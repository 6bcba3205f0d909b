"""Compact convolutional network over time and frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sori.errors import ParameterError
from sori.models.backend import keras as load_keras
from sori.models.size import check_regularisation, scaled, sized

if TYPE_CHECKING:
    import keras

_CHANNELS = (16, 32, 64, 128, 192)
# The first convolution is strided so that its output is no larger than this, whatever the hop length, duration and
# number of mel bands, since most of the time is spent on large maps.
_FRAMES, _BINS = 256, 64


def cnn(
    input_shape: tuple[int, int],
    n_classes: int,
    *,
    dropout: float = 0.3,
    l2: float = 0.0,
    width: float = 1.0,
    depth: int = 0,
) -> keras.Model:
    """Five 3x3 convolutions with 2x2 pooling between them, then global mean and maximum pooling; 0.32 M parameters.

    The convolutions are plain: on a CPU they run at twenty times the arithmetic speed of depthwise ones. The mean
    measures how much of a pattern there is, the maximum whether there is any.

    Parameters
    ----------
    input_shape
        ``(frames, bins)``.
    n_classes
        Number of outputs (logits).
    dropout
        Fraction of the pooled features that is dropped in training.
    l2
        Weight of the sum of squared weights in the loss.
    width
        Scales the channels of each convolution.
    depth
        Convolutions added, or removed if below 0: the last one is repeated or left out.

    Raises
    ------
    ParameterError
        If the input has a single bin: a waveform has no frequency axis to convolve over.
    """
    check_regularisation(dropout=dropout, l2=l2)
    frames, bins = input_shape
    if bins < 2:
        raise ParameterError(
            "model cnn needs time and frequency, and a waveform has one bin: build the dataset with `feature='mel'`"
        )
    keras = load_keras()
    layers = keras.layers
    regularizer = keras.regularizers.L2(l2) if l2 else None
    inputs = keras.Input(input_shape)
    x = layers.Reshape((*input_shape, 1))(inputs)
    for i, channels in enumerate(sized(_CHANNELS, depth)):
        strides = (1, 1) if i else (-(-frames // _FRAMES), -(-bins // _BINS))
        if i:
            x = layers.MaxPooling2D(2, padding="same")(x)
        convolution = layers.Conv2D(
            scaled(channels, width), 3, strides=strides, padding="same", use_bias=False, kernel_regularizer=regularizer
        )
        x = convolution(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)])
    x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(n_classes, kernel_regularizer=regularizer)(x)
    return keras.Model(inputs, outputs, name="cnn")
