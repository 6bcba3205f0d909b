"""Broadcasted residual network: cheap convolutions over time alone, added to every frequency bin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sori.errors import ParameterError, check_between
from sori.models.backend import keras as load_keras
from sori.models.size import check_regularisation, scaled, sized

if TYPE_CHECKING:
    import keras

# Of each stage: channels at scale 1, whether its first block halves the bins, dilation over time, number of blocks.
_STAGES = ((8, False, 1, 2), (12, True, 2, 2), (16, True, 4, 4), (20, False, 8, 4))
_BANDS = 5


def bcresnet(
    input_shape: tuple[int, int],
    n_classes: int,
    *,
    scale: float = 1.0,
    dropout: float = 0.1,
    l2: float = 0.0,
    width: float = 1.0,
    depth: int = 0,
) -> keras.Model:
    """Twelve residual blocks: a depthwise convolution over bins, and one over time of their mean, added to each bin.

    Source: Kim et al., Broadcasted Residual Learning for Efficient Keyword Spotting (2021). Unlike in
    the paper, the input may have any number of bins: normalisation uses the largest number of bands up to five that
    divides the bins at that layer, and the last depthwise convolution spans all bins.

    Parameters
    ----------
    input_shape
        ``(frames, bins)`` of a mel spectrogram; the paper's are steps of 10 ms and 40 bins.
    n_classes
        Number of outputs (logits).
    scale
        Scales the channels, 1 to 8: about 10 thousand parameters at 1, 320 thousand at 8.
    dropout
        Fraction of the channels over time that is dropped in each block in training.
    l2
        Weight of the sum of squared weights in the loss.
    width
        Scales the channels too (``scale`` is the paper's option).
    depth
        Blocks added to each stage, or removed if below 0.

    Raises
    ------
    ParameterError
        If there are fewer than 8 bins, which are halved three times.
    """
    check_regularisation(dropout=dropout, l2=l2)
    check_between("scale", scale, 1, 8)
    frames, bins = input_shape
    if bins < 8:
        raise ParameterError(
            f"model bcresnet halves the bins three times and needs 8 or more; these segments have {bins}: build the "
            "dataset with `feature='mel'` `n_mels=40`"
        )
    keras = load_keras()
    layers = keras.layers
    regularizer = keras.regularizers.L2(l2) if l2 else None

    def normalised(x: Any) -> Any:
        return layers.BatchNormalization(momentum=0.9)(x)

    def pointwise(x: Any, channels: int) -> Any:
        return layers.Conv2D(channels, 1, use_bias=False, kernel_regularizer=regularizer)(x)

    def block(x: Any, channels: int, *, halve: bool, dilation: int) -> Any:
        shortcut, transition = x, halve or x.shape[-1] != channels
        if transition:
            x = layers.ReLU()(normalised(pointwise(x, channels)))
        x = layers.DepthwiseConv2D((1, 3), padding="same", use_bias=False)(x)
        if halve:
            x = layers.MaxPooling2D((1, 1), strides=(1, 2))(x)  # every second bin
        x = _normalised_by_band(x)
        over_time = layers.AveragePooling2D((1, x.shape[2]))(x)
        over_time = layers.DepthwiseConv2D((3, 1), dilation_rate=(dilation, 1), padding="same", use_bias=False)(
            over_time
        )
        over_time = layers.Activation("silu")(normalised(over_time))
        over_time = layers.SpatialDropout2D(dropout)(pointwise(over_time, channels))
        # Broadcast: the features over time are added to every bin.
        return layers.ReLU()(layers.Add()([x, over_time] if transition else [x, over_time, shortcut]))

    inputs = keras.Input(input_shape)
    x = layers.Reshape((frames, bins, 1))(inputs)
    first = layers.Conv2D(
        scaled(16 * scale, width), 5, strides=(1, 2), padding="same", use_bias=False, kernel_regularizer=regularizer
    )
    x = layers.ReLU()(normalised(first(x)))
    for channels, halve, dilation, blocks in _STAGES:
        for i in range(len(sized([0] * blocks, depth))):
            x = block(x, scaled(channels * scale, width), halve=halve and i == 0, dilation=dilation)
    x = layers.DepthwiseConv2D((5, x.shape[2]), padding="valid", use_bias=False)(layers.ZeroPadding2D((2, 0))(x))
    x = layers.ReLU()(normalised(pointwise(x, scaled(32 * scale, width))))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(n_classes, kernel_regularizer=regularizer)(x), name="bcresnet")


def _normalised_by_band(x: Any) -> Any:
    """Apply batch normalisation with separate statistics for each band of neighbouring bins.

    Source: Chang et al., SubSpectral Normalization for Neural Audio Data Processing (2021).
    """
    layers = load_keras().layers
    frames, bins, channels = x.shape[1:]
    bands = max(n for n in range(1, _BANDS + 1) if bins % n == 0)
    # To (frames, bins in a band, bands x channels), since normalisation is per channel, and back.
    x = layers.Permute((1, 3, 2, 4))(layers.Reshape((frames, bands, bins // bands, channels))(x))
    x = layers.Reshape((frames, bins // bands, bands * channels))(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.Permute((1, 3, 2, 4))(layers.Reshape((frames, bins // bands, bands, channels))(x))
    return layers.Reshape((frames, bins, channels))(x)
