"""Backpropagation: who is to blame for the error, layer by layer from the last to the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
# Given a layer, "slope" or "delta" and its value, the value to go on with: how a person rounds on paper.
Rounding = Callable[[int, str, Array], Array]


class Blame(NamedTuple):
    """What backpropagation finds about the weights that lead from layer ``layer`` to the next.

    Of shape ``(examples, units)``: ``error`` at the next layer's units, ``slope`` of their activations, and
    ``delta = error * slope``. ``derivative = a.T @ delta``, of the shape of the weights, sums over the examples.
    """

    layer: int
    error: Array
    slope: Array
    delta: Array
    derivative: Array


def backpropagate(
    activations: Sequence[Array],
    weights: Sequence[Array | None],
    error: Array,
    *,
    slope_of: Callable[[Array], Array],
    rounding: Rounding | None = None,
) -> Iterator[Blame]:
    """Yield what each layer's weights are to blame for, the last layer first.

    Parameters
    ----------
    activations
        Of the inputs, every hidden layer and the outputs, each of shape ``(examples, units)``.
    weights
        Between them, each ``(units, next units)``. The first are not needed to find their derivative.
    error
        ``target - output``, shape ``(examples, outputs)``.
    slope_of
        Slope of the activation function, told from activations.
    rounding
        Replaces slopes and deltas as they are found.

    Source: Rumelhart, Hinton and Williams (1986), in the sign convention ``error = target - output``, so that a step
    *along* the derivative makes the error smaller.
    """
    for layer in range(len(activations) - 2, -1, -1):
        slope = slope_of(activations[layer + 1])
        if rounding is not None:
            slope = rounding(layer, "slope", slope)
        delta = error * slope
        if rounding is not None:
            delta = rounding(layer, "delta", delta)
        yield Blame(layer, error, slope, delta, activations[layer].T.dot(delta))
        between = weights[layer]
        if layer and between is not None:
            error = delta.dot(between.T)
