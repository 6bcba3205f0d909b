"""Activation functions, each with its slope told from the activation itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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


def _sigmoid(z: Array) -> Array:
    # The same as 1 / (1 + exp(-z)), which overflows where z is far below zero.
    a = np.tanh(0.5 * z)
    a += 1.0
    a *= 0.5
    return a


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("sigmoid", _sigmoid, lambda a: a * (1.0 - a)),
        Activation("tanh", np.tanh, lambda a: 1.0 - a * a),
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
