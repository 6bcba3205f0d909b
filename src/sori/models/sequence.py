"""A network over a sequence, of moments or of notes, in which every place sees far to both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sori.models.backend import keras as load_keras

if TYPE_CHECKING:
    import keras


def sequence_network(
    width: int, outputs: int, *, channels: int = 64, inner: int = 128, reach: int = 9, dropout: float = 0.0
) -> keras.Model:
    """Return a network from ``(batch, steps, width)`` to logits ``(batch, steps, outputs)``.

    Each block sees its own step and one on either side, 1, 2, 4 ... ``2 ** (reach - 1)`` steps away, so that the last
    sees as far as all distances together. That is a convolution with holes, written as a product of matrices, which a
    processor computes several times faster.

    Parameters
    ----------
    channels, inner
        Width of the network, and of the inside of a block.
    reach
        Number of blocks with growing distances; two with short ones come last.
    dropout
        Fraction of the inside of a block that is dropped in training.

    Source: after Davies and Böck, "Temporal convolutional networks for musical audio beat tracking" (EUSIPCO 2019).
    """
    keras = load_keras()
    layers = keras.layers
    inputs = keras.Input((None, width))

    def gelu(x: Any) -> Any:  # ONNX has no complement of the error function, which the exact one needs
        return keras.activations.gelu(x, approximate=True)

    x = layers.Dense(channels, activation=gelu)(_beside(layers, inputs, 1))
    for distance in [*(2**k for k in range(reach)), 1, 4]:
        y = layers.LayerNormalization()(x)
        y = layers.Dense(inner, activation=gelu)(_beside(layers, y, distance))
        y = layers.Dropout(dropout)(y) if dropout else y
        x = layers.Add()([x, layers.Dense(channels)(y)])
    return keras.Model(inputs, layers.Dense(outputs)(layers.LayerNormalization()(x)), name="sequence")


def _beside(layers: Any, x: Any, distance: int) -> Any:
    """Put each step beside those a distance before and after it."""
    padded = layers.ZeroPadding1D(distance)(x)
    before, after = layers.Cropping1D((0, 2 * distance))(padded), layers.Cropping1D((2 * distance, 0))(padded)
    return layers.Concatenate()([before, x, after])
