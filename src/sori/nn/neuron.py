"""A single artificial neuron, written with the math module alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sori.errors import ParameterError


class Neuron:
    """A weighted sum of inputs, passed through the sigmoid.

    Parameters
    ----------
    weights
        One per input.
    bias
        Added to the sum.

    Raises
    ------
    ParameterError
        If there is no weight, or a number is not finite.

    >>> neuron = Neuron([0.5, -0.2, 0.1])
    >>> round(neuron.net_input([1, 2, 3]), 3), round(neuron([1, 2, 3]), 3)
    (0.4, 0.599)
    """

    def __init__(self, weights: Sequence[float], bias: float = 0.0) -> None:
        self.weights = _finite("weights", weights)
        if not self.weights:
            raise ParameterError("weights must hold at least one number. Received weights=[].")
        (self.bias,) = _finite("bias", [bias])

    def net_input(self, inputs: Sequence[float]) -> float:
        """Weighted sum: ``x1 w1 + x2 w2 + ... + bias``.

        Raises
        ------
        ParameterError
            If the numbers of inputs and weights differ, or an input is not finite.
        """
        numbers = _finite("inputs", inputs)
        if len(numbers) != len(self.weights):
            raise ParameterError(
                f"inputs must be {len(self.weights)} numbers, one per weight. Received {len(numbers)}."
            )
        return math.fsum(x * w for x, w in zip(numbers, self.weights, strict=True)) + self.bias

    def __call__(self, inputs: Sequence[float]) -> float:
        """Activation, between 0 and 1; errors as :meth:`net_input`."""
        return sigmoid(self.net_input(inputs))


def sigmoid(z: float) -> float:
    """``1 / (1 + e^-z)``, for any ``z`` without overflow.

    >>> sigmoid(0.0), round(sigmoid(0.75), 2), sigmoid(-1000.0)
    (0.5, 0.68, 0.0)
    """
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    e = math.exp(z)
    return e / (1.0 + e)


def _finite(name: str, values: Sequence[float]) -> list[float]:
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        raise ParameterError(f"{name} must be numbers. Received {name}={values!r}.") from None
    for number in numbers:
        if not math.isfinite(number):
            raise ParameterError(f"{name} must be finite. Received {name}={list(values)!r}.")
    return numbers
