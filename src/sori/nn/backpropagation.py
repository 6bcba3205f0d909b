"""Backpropagation: who is to blame for the error, layer by layer from the last to the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
# Given a layer, "slope" or "delta" and its value, the value to go on with: how a person rounds on paper.
Rounding = Callable[[int, str, Array], Array]


# What backpropagation finds about the weights that lead from a layer to the next: the layer's number; the error at the
# next layer's units, the slope of their activations, and delta = error * slope, each (examples, units); and the
# derivative, a.T @ delta, of the shape of the weights: it sums over the examples.
Blame = tuple[int, Array, Array, Array, Array]


def backpropagate(
    activations: Sequence[Array],
    weights: Sequence[Array | None],
    error: Array,
    *,
    slope_of: Callable[[Array], Array],
    out: Sequence[Array | None],
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
    out
        Where the derivatives go, each of the shape of its weights; None makes a new array.
    rounding
        Replaces slopes and deltas as they are found.

    Yields
    ------
    layer, error, slope, delta, derivative

    Source: Rumelhart, Hinton and Williams (1986), in the sign convention ``error = target - output``, so that a step
    *along* the derivative makes the error smaller.
    """
    for layer in range(len(out) - 1, -1, -1):
        slope = slope_of(activations[layer + 1])
        delta = error * slope
        if rounding:
            slope = rounding(layer, "slope", slope)
            delta = rounding(layer, "delta", error * slope)
        yield layer, error, slope, delta, activations[layer].T.dot(delta, out[layer])
        if layer:
            error = delta.dot(weights[layer].T)  # type: ignore[union-attr]  # only the first may be None
