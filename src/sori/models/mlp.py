"""Multilayer perceptron over a flattened segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sori.errors import check_between
from sori.models.backend import keras as load_keras

if TYPE_CHECKING:
    import keras


def mlp(input_shape: tuple[int, int], n_classes: int, *, dropout: float = 0.0, l2: float = 0.0) -> keras.Model:
    """Flatten, dense 512, 256 and 64 with ReLU, softmax; 1,014,218 parameters on ``(130, 13)`` and 10 classes.

    Parameters
    ----------
    input_shape
        ``(frames, bins)``.
    n_classes
        Outputs, as probabilities.
    dropout
        Part of each hidden layer's outputs that is silenced in training.
    l2
        Weight of the sum of squared weights in the loss.
    """
    check_between("dropout", dropout, 0, 0.95)
    check_between("l2", l2, 0, 100)
    keras = load_keras()
    layers = keras.layers
    inputs = keras.Input(input_shape)
    x = layers.Flatten()(inputs)
    for units in (512, 256, 64):
        x = layers.Dense(units, activation="relu", kernel_regularizer=keras.regularizers.L2(l2) if l2 else None)(x)
        if dropout:
            x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(n_classes, activation="softmax")(x)
    return keras.Model(inputs, outputs, name="mlp")
