"""Piano transcription with a general network: densely connected convolutions, without knowledge of the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sori.errors import check_between, check_count
from sori.models.backend import keras as load_keras
from sori.models.piano import answers, check_bins
from sori.models.size import scaled
from sori.music import KEYS

if TYPE_CHECKING:
    import keras

# Convolutions of each block; between blocks the bins, not the frames, are halved.
_BLOCKS = (3, 3, 3)


def densenet(
    input_shape: tuple[int | None, int, int],
    *,
    target: str = "notes",
    growth: int = 12,
    width: float = 1.0,
    dropout: float = 0.1,
) -> keras.Model:
    """Blocks in which each convolution takes the outputs of all before it, and a dense layer from frames to keys.

    It does not share what it learns between keys: a baseline for :func:`sori.models.piano.piano`.

    Source: Huang et al., Densely Connected Convolutional Networks (2017).

    Parameters
    ----------
    input_shape
        ``(frames, bins, windows)`` as :class:`sori.features.LogFrequency` makes them; ``frames`` may be None.
    target
        ``notes`` or ``spectrum``, as of :func:`sori.models.piano.piano`.
    growth
        Channels that each convolution adds.
    width
        Scales ``growth``.
    dropout
        Fraction of the last layer's input that is dropped in training.

    Returns
    -------
    A model with the outputs of :func:`sori.models.piano.piano`.

    Raises
    ------
    ParameterError
        If there are fewer than three bins per key, or the target is unknown.
    """
    check_count("growth", growth)
    check_between("dropout", dropout, 0, 0.95)
    frames, bins, windows = input_shape
    check_bins("densenet", bins)
    keras = load_keras()
    layers = keras.layers
    channels = scaled(growth, width)

    def normalised(x: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    inputs = keras.Input((frames, bins, windows))
    x = layers.Conv2D(2 * channels, (3, 5), padding="same", use_bias=False)(inputs)
    for block, convolutions in enumerate(_BLOCKS):
        if block:
            x = layers.Conv2D(max(1, x.shape[-1] // 2), 1, use_bias=False)(normalised(x))
            x = layers.AveragePooling2D((1, 2))(x)
        for _ in range(convolutions):
            x = layers.Concatenate()([x, layers.Conv2D(channels, 3, padding="same", use_bias=False)(normalised(x))])
    x = layers.Conv2D(max(1, channels), 1, use_bias=False)(normalised(x))
    x = normalised(x)
    x = layers.Reshape((-1, x.shape[2] * x.shape[3]))(x)
    x = layers.Dropout(dropout)(x)
    x = layers.Dense(KEYS * channels, activation="relu")(x)
    x = layers.Reshape((-1, KEYS, channels))(x)
    return keras.Model(inputs, answers(x, inputs, target), name="densenet")
