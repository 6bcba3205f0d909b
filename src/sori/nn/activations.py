"""Activation functions, each with its slope told from the activation itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy import exp, negative, reciprocal

from sori.errors import check_choice

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Activation:
    """A function of the net input, and its slope there.

    ``of`` takes net inputs and gives activations; ``slope`` takes those *activations* and gives the derivative, which
    is why backpropagation need not remember net inputs.
    """

    name: str
    of: Callable[[Array], Array]
    slope: Callable[[Array], Array]

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest activation there can be."""
        return _RANGES[self.name]


# An array, and not the float that it looks like: NumPy wraps a float anew in every operation, which on a single example
# takes as long as the operation. (Working in place would not help: on an array of one number it is three times slower.)
_ONE = np.array(1.0)


def _sigmoid(z: Array) -> Array:
    # Far below zero exp(-z) is infinite, and its reciprocal the 0 that it should be: callers silence that overflow.
    a: Array = reciprocal(exp(negative(z)) + _ONE)
    return a


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("sigmoid", _sigmoid, lambda a: a * (_ONE - a)),
        Activation("tanh", np.tanh, lambda a: _ONE - a * a),
        Activation("relu", lambda z: np.maximum(z, 0.0), lambda a: (a > 0.0).astype(np.float64)),
        Activation("linear", lambda z: z, np.ones_like),
    )
}
_RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, np.inf), "linear": (-np.inf, np.inf)}


def activation_named(name: str) -> Activation:
    """Look an activation up.

    Raises
    ------
    ParameterError
        If there is none of that name.

    >>> activation_named("tanh").slope(np.array([0.6]))
    array([0.64])
    """
    check_choice("activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]
