"""Activation functions, each with its slope computed from the activation itself."""

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
    """An activation function of the net input, and its slope.

    ``of`` maps net inputs to activations. ``slope`` maps these *activations* to the derivative, so backpropagation
    does not need to store net inputs.
    """

    name: str
    of: Callable[[Array], Array]
    slope: Callable[[Array], Array]

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest possible activation."""
        return _RANGES[self.name]


# An array instead of a float: NumPy wraps a float again in every operation, which takes as long as the operation on a
# single example. (In-place operations do not help: on an array of one number they are three times slower.)
_ONE = np.array(1.0)


def _sigmoid(z: Array) -> Array:
    # Far below zero exp(-z) overflows to infinity, and its reciprocal is the correct 0; callers silence the warning.
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
    """Return the activation function of this name.

    Raises
    ------
    ParameterError
        If no activation function has this name.

    >>> activation_named("tanh").slope(np.array([0.6]))
    array([0.64])
    """
    check_choice("activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]
