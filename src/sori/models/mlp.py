"""Multilayer perceptron over a flattened segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sori.models.backend import keras as load_keras
from sori.models.size import check_regularisation, scaled, sized

if TYPE_CHECKING:
    import keras

_UNITS = (512, 256, 64)


def mlp(
    input_shape: tuple[int, int],
    n_classes: int,
    *,
    dropout: float = 0.0,
    l2: float = 0.0,
    width: float = 1.0,
    depth: int = 0,
) -> keras.Model:
    """Flatten, dense 512, 256 and 64 with ReLU, logits; 1,014,218 parameters on ``(130, 13)`` and 10 classes.

    Parameters
    ----------
    input_shape
        ``(frames, bins)``.
    n_classes
        Number of outputs (logits).
    dropout
        Fraction of each hidden layer's outputs that is dropped in training.
    l2
        Weight of the sum of squared weights in the loss.
    width
        Scales the units of each hidden layer.
    depth
        Hidden layers added, or removed if below 0: the last one is repeated or left out.
    """
    check_regularisation(dropout=dropout, l2=l2)
    keras = load_keras()
    layers = keras.layers
    inputs = keras.Input(input_shape)
    x = layers.Flatten()(inputs)
    for units in sized(_UNITS, depth):
        regularizer = keras.regularizers.L2(l2) if l2 else None
        x = layers.Dense(scaled(units, width), activation="relu", kernel_regularizer=regularizer)(x)
        if dropout:
            x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(n_classes)(x), name="mlp")
