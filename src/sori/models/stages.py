"""Four stages of convolutions, over waveforms or spectrograms, plain or with skip connections."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sori.errors import ParameterError
from sori.models.backend import keras as load_keras
from sori.models.size import check_memory, check_regularisation, scaled, sized

if TYPE_CHECKING:
    import keras

# Convolutions and channels of each stage.
_STAGES = ((2, 32), (2, 64), (3, 128), (3, 256))


def wave(
    input_shape: tuple[int, int],
    n_classes: int,
    *,
    dropout: float = 0.3,
    l2: float = 0.0,
    width: float = 1.0,
    depth: int = 0,
) -> keras.Model:
    """Four stages of Conv1D with nine taps over waveforms; 2.5 G multiply-adds for 8,000 samples.

    Parameters
    ----------
    input_shape
        ``(samples, 1)``.
    n_classes
        Number of outputs (logits).
    dropout
        Fraction of the last stage's output that is dropped in training.
    l2
        Weight of the sum of squared weights in the loss.
    width
        Scales the channels and the units.
    depth
        Stages added, or removed if below 0: the last one is repeated or left out.

    Raises
    ------
    ParameterError
        If the input is not a waveform.
    """
    return _network(
        "wave",
        input_shape,
        n_classes,
        over_samples=True,
        skip=False,
        dropout=dropout,
        l2=l2,
        width=width,
        depth=depth,
    )


def wave_skip(
    input_shape: tuple[int, int],
    n_classes: int,
    *,
    dropout: float = 0.3,
    l2: float = 0.0,
    width: float = 1.0,
    depth: int = 0,
) -> keras.Model:
    """As :func:`wave`, with each stage's input concatenated to the output of its last convolution.

    The input of a stage reaches the next one unchanged, and gradients take a shorter path.
    """
    return _network(
        "wave-skip",
        input_shape,
        n_classes,
        over_samples=True,
        skip=True,
        dropout=dropout,
        l2=l2,
        width=width,
        depth=depth,
    )


def spectrogram_cnn(
    input_shape: tuple[int, int],
    n_classes: int,
    *,
    dropout: float = 0.3,
    l2: float = 0.0,
    width: float = 1.0,
    depth: int = 0,
) -> keras.Model:
    """As :func:`wave`, over time and frequency: Conv2D with 3 x 3 taps over ``(frames, bins)``, halved in both.

    Raises
    ------
    ParameterError
        If the input is a waveform, or too small to be halved that often.
    """
    return _network(
        "spectrogram-cnn",
        input_shape,
        n_classes,
        over_samples=False,
        skip=False,
        dropout=dropout,
        l2=l2,
        width=width,
        depth=depth,
    )


def spectrogram_skip(
    input_shape: tuple[int, int],
    n_classes: int,
    *,
    dropout: float = 0.3,
    l2: float = 0.0,
    width: float = 1.0,
    depth: int = 0,
) -> keras.Model:
    """As :func:`spectrogram_cnn`, with the skip connections of :func:`wave_skip`."""
    return _network(
        "spectrogram-skip",
        input_shape,
        n_classes,
        over_samples=False,
        skip=True,
        dropout=dropout,
        l2=l2,
        width=width,
        depth=depth,
    )


def _network(
    name: str,
    input_shape: tuple[int, int],
    n_classes: int,
    *,
    over_samples: bool,
    skip: bool,
    dropout: float,
    l2: float,
    width: float,
    depth: int,
) -> keras.Model:
    check_regularisation(dropout=dropout, l2=l2)
    stages = sized(_STAGES, depth)
    _check_shape(name, input_shape, over_samples=over_samples, halvings=len(stages))
    # Nearly all weights are between the flattened last stage and the dense layer.
    entering = scaled(stages[-2][1], width) if skip and len(stages) > 1 else int(skip)
    channels = scaled(stages[-1][1], width) + entering
    flat = channels * math.prod(size // 2 ** len(stages) for size in input_shape[: 1 if over_samples else 2])
    check_memory(name, flat * scaled(256, width))
    keras = load_keras()
    layers = keras.layers
    regularizer = keras.regularizers.L2(l2) if l2 else None

    def convolved(x: Any, channels: int) -> Any:
        given = {"padding": "same", "activation": "relu", "kernel_regularizer": regularizer}
        return (layers.Conv1D(channels, 9, **given) if over_samples else layers.Conv2D(channels, 3, **given))(x)

    inputs = keras.Input(input_shape)
    x = inputs if over_samples else layers.Reshape((*input_shape, 1))(inputs)
    for convolutions, channels in stages:
        entering = x
        for _ in range(convolutions):
            x = convolved(x, scaled(channels, width))
        if skip:
            x = layers.Concatenate()([entering, x])
        x = (layers.MaxPooling1D(2) if over_samples else layers.MaxPooling2D(2))(x)
    x = layers.Flatten()(layers.Dropout(dropout)(x))
    x = layers.Dense(scaled(256, width), use_bias=False, kernel_regularizer=regularizer)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    return keras.Model(inputs, layers.Dense(n_classes, kernel_regularizer=regularizer)(x), name=name)


def _check_shape(name: str, input_shape: tuple[int, int], *, over_samples: bool, halvings: int) -> None:
    frames, bins = input_shape
    if over_samples:
        if bins != 1:
            raise ParameterError(
                f"model {name} takes waveforms, and these segments are {frames} frames x {bins}: build the "
                "dataset with `feature='waveform'`"
            )
        smallest = frames
    else:
        if bins == 1:
            raise ParameterError(
                f"model {name} works over time and frequency, and a waveform has one bin: build the dataset with "
                "`feature='spectrogram'`"
            )
        smallest = min(frames, bins)
    if smallest < 2**halvings:
        raise ParameterError(
            f"model {name} halves its input {halvings} times, and {frames} x {bins} is too small for that: use longer "
            "segments or a smaller `depth`"
        )
