"""All numbers of one training step as data, to show as text, JSON or a figure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sori.nn.backpropagation import Blame, Rounding, backpropagate

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LayerTrace:
    """The weights from one layer to the next, in one step on one example.

    ``inputs`` ``(units,)``; ``net_input``, ``activation``, ``error``, ``slope``, ``delta`` and ``bias_derivative``
    ``(next units,)``; ``weights``, ``derivative`` and ``new_weights`` ``(units, next units)``. A value is None if it is
    not known, or there is no bias.
    """

    inputs: Array
    weights: Array | None
    biases: Array | None
    net_input: Array | None
    activation: Array
    error: Array
    slope: Array
    delta: Array
    derivative: Array
    bias_derivative: Array | None
    new_weights: Array | None
    new_biases: Array | None


@dataclass(frozen=True)
class StepTrace:
    """Forward, backward and update of one example.

    ``loss`` is the mean squared error before the step; ``layers`` are in forward order.
    """

    target: Array
    output: Array
    error: Array
    loss: float
    learning_rate: float
    layers: tuple[LayerTrace, ...]

    def as_text(self, *, decimals: int = 4) -> str:
        """Format the step as aligned lines of text, with numbers rounded to ``decimals`` places."""
        last = len(self.layers)
        lines = ["forward"]
        lines += _rows("a0 = x", self.layers[0].inputs, decimals)
        for i, layer in enumerate(self.layers, 1):
            if layer.net_input is not None:
                plus = f" + b{i - 1}" if layer.biases is not None else ""
                lines += _rows(f"z{i} = a{i - 1} . W{i - 1}{plus}", layer.net_input, decimals)
            lines += _rows(f"a{i}", layer.activation, decimals)
        lines += ["backward"]
        lines += _rows("target", self.target, decimals)
        for i in range(last, 0, -1):
            layer = self.layers[i - 1]
            source = f"target - a{i}" if i == last else f"delta{i + 1} . W{i}^T"
            lines += _rows(f"error{i} = {source}", layer.error, decimals)
            lines += _rows(f"slope{i}", layer.slope, decimals)
            lines += _rows(f"delta{i} = error{i} * slope{i}", layer.delta, decimals)
            lines += _rows(f"dW{i - 1} = a{i - 1}^T . delta{i}", layer.derivative, decimals)
            if layer.bias_derivative is not None:
                lines += _rows(f"db{i - 1} = delta{i}", layer.bias_derivative, decimals)
        if any(layer.new_weights is not None for layer in self.layers):
            lines += [f"update, learning rate {self.learning_rate:g}"]
            for i, layer in enumerate(self.layers):
                if layer.new_weights is not None:
                    lines += _rows(f"W{i} + rate * dW{i}", layer.new_weights, decimals)
                if layer.new_biases is not None:
                    lines += _rows(f"b{i} + rate * db{i}", layer.new_biases, decimals)
        return "\n".join(line.rstrip() for line in lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the trace as plain lists and numbers, with the shape of each layer's weights."""
        return {
            "target": self.target.tolist(),
            "output": self.output.tolist(),
            "error": self.error.tolist(),
            "loss": self.loss,
            "learning_rate": self.learning_rate,
            "layers": [
                {
                    "shape": list(layer.derivative.shape),
                    **{f.name: None if (v := getattr(layer, f.name)) is None else v.tolist() for f in fields(layer)},
                }
                for layer in self.layers
            ],
        }

    def to_json(self) -> str:
        """Return :meth:`to_dict` as JSON."""
        return json.dumps(self.to_dict(), indent=2)


class Traceable(Protocol):
    """The attributes of a network that a trace needs; :class:`sori.nn.MLP` has them."""

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    activation: Any


def trace_step(network: Traceable, inputs: Array, targets: Array, learning_rate: float) -> StepTrace:
    """Trace a step on one example ``(1, n_inputs)``; the network is not changed."""
    activations, net_inputs = [inputs], []
    with np.errstate(over="ignore"):
        for i, w in enumerate(network.weights):
            net_inputs.append(activations[-1].dot(w) + (network.biases[i] if network.biases else 0.0))
            activations.append(network.activation.of(net_inputs[-1]))
    error = targets - activations[-1]
    none = [None] * len(network.weights)
    return _step(
        activations=activations,
        net_inputs=net_inputs,
        weights=[w.copy() for w in network.weights],
        biases=[b.copy() for b in network.biases] or None,
        target=targets,
        blames=backpropagate(activations, network.weights, error, slope_of=network.activation.slope, out=none),
        learning_rate=learning_rate,
    )


def trace_on_paper(
    activations: Sequence[Sequence[float]],
    weights: Sequence[Sequence[Sequence[float]] | None],
    target: Sequence[float],
    *,
    learning_rate: float = 0.1,
    rounding: Rounding | None = None,
) -> StepTrace:
    """Trace the backward pass and the step of a sigmoid network from given activations, as on paper.

    Parameters
    ----------
    activations
        Activations of the inputs, every hidden layer and the outputs.
    weights
        Weights between the layers; None where they are not given (the first are not needed).
    rounding
        As :func:`sori.nn.backpropagation.backpropagate`.
    """
    from sori.nn.activations import activation_named

    a = [np.array([values], dtype=np.float64) for values in activations]
    w = [None if values is None else np.array(values, dtype=np.float64) for values in weights]
    t = np.array([target], dtype=np.float64)
    slope = activation_named("sigmoid").slope
    return _step(
        activations=a,
        net_inputs=[None] * len(w),
        weights=w,
        biases=None,
        target=t,
        blames=backpropagate(a, w, t - a[-1], slope_of=slope, out=[None] * len(w), rounding=rounding),
        learning_rate=learning_rate,
    )


def _step(
    *,
    activations: Sequence[Array],
    net_inputs: Sequence[Array | None],
    weights: Sequence[Array | None],
    biases: Sequence[Array] | None,
    target: Array,
    blames: Iterator[Blame],
    learning_rate: float,
) -> StepTrace:
    layers: list[LayerTrace] = []
    for i, blamed, slope, delta, derivative in blames:
        w, z = weights[i], net_inputs[i]
        b = None if biases is None else biases[i]
        layers.append(
            LayerTrace(
                inputs=activations[i][0],
                weights=w,
                biases=b,
                net_input=None if z is None else z[0],
                activation=activations[i + 1][0],
                error=blamed[0],
                slope=slope[0],
                delta=delta[0],
                derivative=derivative,
                bias_derivative=None if b is None else delta[0],
                new_weights=None if w is None else w + learning_rate * derivative,
                new_biases=None if b is None else b + learning_rate * delta[0],
            )
        )
    error = (target - activations[-1])[0]
    return StepTrace(
        target=target[0],
        output=activations[-1][0],
        error=error,
        loss=float(np.mean(error**2)),
        learning_rate=learning_rate,
        layers=tuple(reversed(layers)),
    )


def _rows(name: str, values: Array, decimals: int) -> list[str]:
    """Format a vector or matrix as lines with aligned columns."""
    rows = np.atleast_2d(values)
    cells = [[f"{value:.{decimals}f}" for value in row] for row in rows]
    width = max(len(cell) for row in cells for cell in row)
    shape = "x".join(map(str, values.shape))
    lines = [f"  {'':26}  {'':6}  " + "  ".join(cell.rjust(width) for cell in row) for row in cells]
    lines[0] = f"  {name:26}  ({shape})".ljust(36) + "  " + lines[0][38:]
    return lines
