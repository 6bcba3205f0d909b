"""A multilayer perceptron, trained by backpropagation and gradient descent, in NumPy alone.

The whole algorithm is in :meth:`MLP.forward`, :meth:`MLP.backward` and :meth:`MLP.gradient_descent`.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, SoriError, check_between, check_count
from sori.nn.activations import activation_named
from sori.nn.backpropagation import backpropagate

if TYPE_CHECKING:
    from sori.nn.trace import StepTrace

Array = npt.NDArray[np.float64]
# Training has diverged once the loss is this many times that of the first epoch.
_DIVERGED = 10.0
_MOST_BYTES = 2**28  # of a saved network


class MLP:
    """Layers of units, each connected to every unit of the next.

    Parameters
    ----------
    n_inputs, hidden, n_outputs
        Units of the input layer, of each hidden layer in turn, and of the output layer.
    bias
        Give every unit a bias, which starts at 0.
    activation
        Activation function of every unit: sigmoid, tanh, relu or linear.
    rng
        Draws the initial weights from a standard normal distribution.

    Attributes
    ----------
    sizes
        Units of every layer.
    weights
        Arrays ``(units, next units)``, float64; to set one, assign to all of it: ``network.weights[0][...] = w``.
    biases
        Arrays ``(next units,)``; empty without biases.
    activations
        Activations of the last forward pass: the inputs, every hidden layer and the outputs, ``(examples, units)``.
    derivatives, bias_derivatives
        Derivatives of the last backward pass, with the shapes of the weights and biases.

    Raises
    ------
    ParameterError
        If a layer has no units, or the activation is unknown.

    >>> network = MLP(2, [5], 1, rng=np.random.default_rng(0))
    >>> network.forward([0.3, 0.1]).shape, network.forward(np.zeros((10, 2))).shape
    ((1,), (10, 1))
    """

    def __init__(
        self,
        n_inputs: int,
        hidden: Sequence[int],
        n_outputs: int,
        *,
        bias: bool = False,
        activation: str = "sigmoid",
        rng: np.random.Generator,
    ) -> None:
        for name, units in [("n_inputs", n_inputs), *(("hidden", units) for units in hidden), ("n_outputs", n_outputs)]:
            check_count(name, units)
        self.activation = activation_named(activation)
        self.sizes = [n_inputs, *hidden, n_outputs]
        # All parameters lie in one vector, and their derivatives in another, so that a step is a single addition;
        # weights and biases are views of parts of it.
        shapes: list[tuple[int, ...]] = list(pairwise(self.sizes))
        if bias:
            shapes += [(units,) for units in self.sizes[1:]]
        self._parameters = np.zeros(sum(map(math.prod, shapes)))
        self._derivatives = np.zeros_like(self._parameters)
        n = len(self.sizes) - 1
        parameters, derivatives = _views(self._parameters, shapes), _views(self._derivatives, shapes)
        self.weights, self.biases = parameters[:n], parameters[n:]
        self.derivatives, self.bias_derivatives = derivatives[:n], derivatives[n:]
        self.activations = [np.empty((0, units)) for units in self.sizes]
        for w in self.weights:
            w[...] = rng.standard_normal(w.shape)

    def forward(self, x: npt.ArrayLike) -> Array:
        """Return outputs for one example ``(n_inputs,)`` or a batch ``(examples, n_inputs)``.

        Raises
        ------
        ParameterError
            If the shape does not fit, or a number is not finite.
        """
        batch = self._checked("x", x, self.sizes[0])
        with np.errstate(over="ignore"):
            outputs = self._forward(batch)
        return outputs[0] if np.ndim(x) == 1 else outputs

    def _forward(self, a: Array) -> Array:
        activation_of, activations = self.activation.of, [a]
        for layer, w in enumerate(self.weights):
            z = a.dot(w)
            if self.biases:
                z = z + self.biases[layer]
            a = activation_of(z)
            activations.append(a)
        self.activations = activations
        return a

    def backward(self, error: npt.ArrayLike) -> None:
        """Compute the derivatives for the examples of the last forward pass.

        Parameters
        ----------
        error
            ``target - output``, of the shape that :meth:`forward` returned.

        Raises
        ------
        ParameterError
            If the shape does not fit, or there was no forward pass.
        """
        if not len(self.activations[-1]):
            raise ParameterError("backward needs the activations of a forward pass: call forward first.")
        batch = self._checked("error", error, self.sizes[-1])
        if batch.shape != self.activations[-1].shape:
            raise ParameterError(f"error must have shape {self.activations[-1].shape}. Received {batch.shape}.")
        self._backward(batch)

    def _backward(self, error: Array) -> None:
        slope_of = self.activation.slope
        blames = list(backpropagate(self.activations, self.weights, error, slope_of=slope_of, out=self.derivatives))
        if self.biases:
            for layer, _, _, delta, _ in blames:
                delta.sum(axis=0, out=self.bias_derivatives[layer])

    def gradient_descent(self, learning_rate: float) -> None:
        """Take a step: ``weights + learning_rate * derivative``.

        Raises
        ------
        ParameterError
            If the rate is not above 0.
        """
        _check_rate(learning_rate)
        self._gradient_descent(np.array(learning_rate))

    def _gradient_descent(self, rate: Array) -> None:
        self._parameters += rate * self._derivatives

    def fit(
        self,
        inputs: npt.ArrayLike,
        targets: npt.ArrayLike,
        *,
        epochs: int,
        learning_rate: float,
        batch_size: int = 1,
        shuffle: bool | np.random.Generator = False,
        on_epoch: Callable[[int, float], None] | None = None,
    ) -> list[float]:
        """Train the network: a forward pass, a backward pass and a step for every batch of every epoch.

        Parameters
        ----------
        inputs, targets
            Shapes ``(examples, n_inputs)`` and ``(examples, n_outputs)``.
        epochs
            Passes over the data.
        learning_rate
            Size of a step. The derivative of a batch is the sum over its examples, as on paper.
        batch_size
            Examples per step.
        shuffle
            Shuffle the examples before every epoch: a generator, or True for one seeded with 0.
        on_epoch
            Called after each epoch with its number, from 1, and its loss.

        Returns
        -------
        The mean squared error of each epoch, averaged over the data set (each example when it was processed).

        Raises
        ------
        ParameterError
            If a shape or number does not fit, or a target is outside what the activation can reach.
        SoriError
            If the loss is no longer finite, or more than ten times that of the first epoch; the message says when.
        """
        x, t = self._examples(inputs, targets)
        check_count("epochs", epochs)
        check_count("batch_size", batch_size)
        _check_rate(learning_rate)
        rng = np.random.default_rng(0) if shuffle is True else shuffle
        rate = np.array(learning_rate)
        starts = range(0, len(x), batch_size)
        batches = [(x[i : i + batch_size], t[i : i + batch_size]) for i in starts]
        losses: list[float] = []
        with np.errstate(over="ignore", invalid="ignore"):  # divergence is detected below
            for epoch in range(1, epochs + 1):
                if rng:
                    order = rng.permutation(len(x))
                    batches = [(x[order[i : i + batch_size]], t[order[i : i + batch_size]]) for i in starts]
                errors = []
                for x_batch, t_batch in batches:
                    error = t_batch - self._forward(x_batch)
                    self._backward(error)
                    self._gradient_descent(rate)
                    errors.append(error)
                losses.append(float(np.mean(np.square(np.concatenate(errors)))))
                if not losses[-1] <= max(_DIVERGED * losses[0], 1e-12):
                    raise SoriError(
                        f"the training diverged in epoch {epoch} (loss {losses[-1]:.3g}, first {losses[0]:.3g}): use a "
                        f"learning_rate below {learning_rate:g}"
                    )
                if on_epoch is not None:
                    on_epoch(epoch, losses[-1])
        return losses

    def evaluate(self, inputs: npt.ArrayLike, targets: npt.ArrayLike) -> float:
        """Mean squared error over a data set; arguments and errors as :meth:`fit`."""
        x, t = self._examples(inputs, targets)
        return float(np.mean((t - self.forward(x)) ** 2))

    def explain_step(self, x: npt.ArrayLike, target: npt.ArrayLike, *, learning_rate: float) -> StepTrace:
        """Return every number of one step on one example; the network is not changed.

        Parameters
        ----------
        x, target
            Shapes ``(n_inputs,)`` and ``(n_outputs,)``.

        Raises
        ------
        ParameterError
            As :meth:`fit`.
        """
        from sori.nn.trace import trace_step

        _check_rate(learning_rate)
        inputs, targets = self._examples(np.atleast_2d(np.asarray(x)), np.atleast_2d(np.asarray(target)))
        return trace_step(self, inputs, targets, learning_rate)

    def save(self, path: str | Path) -> None:
        """Write weights, biases and activation to an npz file, without pickle."""
        arrays: dict[str, Any] = {f"weights_{i}": w for i, w in enumerate(self.weights)}
        arrays |= {f"biases_{i}": b for i, b in enumerate(self.biases)}
        with Path(path).open("wb") as file:
            np.savez(file, activation=np.array(self.activation.name), **arrays)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a network that :meth:`save` wrote.

        Raises
        ------
        SoriError
            If the file is missing, damaged, or does not hold a network.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                    raise ValueError(f"its arrays would take more than {_MOST_BYTES:,} bytes")
            with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                count = sum(name.startswith("weights_") for name in file.files)
                weights = [np.asarray(file[f"weights_{i}"], dtype=np.float64) for i in range(count)]
                has_bias = "biases_0" in file.files
                biases = [np.asarray(file[f"biases_{i}"], dtype=np.float64) for i in range(count)] if has_bias else []
                activation = str(file["activation"])
            sizes = [len(w) for w in weights] + [weights[-1].shape[1]]
            network = cls(
                sizes[0], sizes[1:-1], sizes[-1], bias=has_bias, activation=activation, rng=np.random.default_rng(0)
            )
            shapes = list(pairwise(sizes))
            if [w.shape for w in weights] != shapes or [b.shape for b in biases] not in ([], [s[1:] for s in shapes]):
                raise ValueError("the shapes of the layers do not match")
            if not all(np.isfinite(array).all() for array in (*weights, *biases)):
                raise ValueError("a weight is not finite")
        except Exception as error:  # of zipfile, zlib, NumPy and the parser of its headers
            raise SoriError(f"{path}: not a network that MLP.save wrote, or damaged ({error})") from error
        for mine, saved in zip((*network.weights, *network.biases), (*weights, *biases), strict=True):
            mine[...] = saved
        return network

    def __repr__(self) -> str:
        return f"MLP({'-'.join(map(str, self.sizes))}, bias={bool(self.biases)}, activation={self.activation.name!r})"

    def _examples(self, inputs: npt.ArrayLike, targets: npt.ArrayLike) -> tuple[Array, Array]:
        x = self._checked("inputs", inputs, self.sizes[0], batch=True)
        t = self._checked("targets", targets, self.sizes[-1], batch=True)
        if len(x) != len(t):
            raise ParameterError(f"targets must have as many rows as inputs, {len(x)}. Received {len(t)}.")
        low, high = self.activation.range
        if t.min() < low or t.max() > high:
            raise ParameterError(
                f"targets must be {low:g} to {high:g}, the range of {self.activation.name}. Received "
                f"{t.min():g} to {t.max():g}."
            )
        return x, t

    def _checked(self, name: str, values: npt.ArrayLike, units: int, *, batch: bool = False) -> Array:
        """Return numbers as ``(examples, units)``, float64."""
        try:
            array = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError):
            raise ParameterError(f"{name} must be numbers, in rows of equal length.") from None
        if array.ndim not in ((2,) if batch else (1, 2)) or array.shape[-1] != units or not array.size:
            shapes = f"(examples, {units})" if batch else f"({units},) or (examples, {units})"
            raise ParameterError(f"{name} must have shape {shapes}. Received {array.shape}.")
        if not np.isfinite(array).all():
            raise ParameterError(f"{name} must be finite. Received NaN or infinity.")
        return np.atleast_2d(array)


def _check_rate(learning_rate: float) -> None:
    check_between("learning_rate", learning_rate, 1e-12, 1e6)


def _views(vector: Array, shapes: Sequence[tuple[int, ...]]) -> tuple[Array, ...]:
    """Split a vector into consecutive arrays of these shapes that share its memory."""
    ends = list(accumulate(map(math.prod, shapes)))
    return tuple(vector[end - math.prod(shape) : end].reshape(shape) for end, shape in zip(ends, shapes, strict=True))
