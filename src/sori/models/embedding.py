"""The head of embeddings: their mean and maximum over a segment, and one dense layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sori.models.backend import keras as load_keras

if TYPE_CHECKING:
    import keras


def embedding(input_shape: tuple[int, int], n_classes: int) -> keras.Model:
    """Mean and maximum of each number over the windows of a segment, and one dense layer: logits.

    Parameters
    ----------
    input_shape
        ``(windows, numbers)``.
    n_classes
        Number of outputs (logits).
    """
    keras = load_keras()
    layers = keras.layers
    inputs = keras.Input(input_shape)
    pooled = layers.Concatenate()([layers.GlobalAveragePooling1D()(inputs), layers.GlobalMaxPooling1D()(inputs)])
    return keras.Model(inputs, layers.Dense(n_classes, name="head")(pooled), name="embedding")


def pooled(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return what the dense layer takes, ``(n, 2 numbers)``, of segments ``(n, windows, numbers)``."""
    return np.concatenate([x.mean(axis=1), x.max(axis=1)], axis=1)
