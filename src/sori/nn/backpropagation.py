"""Backpropagation: how the weights of each layer contribute to the error, from the last layer to the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
# A function of a layer, "slope" or "delta", and the value, that returns the value to use instead: rounding on paper.
Rounding = Callable[[int, str, Array], Array]


# The result for the weights from one layer to the next: the layer's number; the error at the next layer's units, the
# slope of their activations, and delta = error * slope, each (examples, units); and the derivative a.T @ delta, which
# sums over the examples and has the shape of the weights.
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
    """Yield the error and the derivative of each layer's weights, the last layer first.

    Parameters
    ----------
    activations
        Activations of the inputs, every hidden layer and the outputs, each of shape ``(examples, units)``.
    weights
        Weights between the layers, each ``(units, next units)``. The first are not used and may be None.
    error
        ``target - output``, shape ``(examples, outputs)``.
    slope_of
        Slope of the activation function, computed from activations.
    out
        Arrays for the derivatives, each of the shape of its weights; None makes a new array.
    rounding
        Replaces slopes and deltas as they are computed.

    Yields
    ------
    layer, error, slope, delta, derivative

    Source: Rumelhart, Hinton and Williams (1986), in the sign convention ``error = target - output``, so that a step
    *along* the derivative reduces the error.
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
