"""Experiments with networks from scratch: learning to add, and the same network in Keras."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.errors import check_between, check_count
from sori.models.backend import keras as load_keras
from sori.nn import MLP, StepTrace
from sori.reporter import SILENT, Reporter

Array = npt.NDArray[np.float64]
QUESTIONS = ((0.3, 0.1), (0.1, 0.2))
_WRONG_BY = 0.05  # a sum of two numbers from 0 to 0.5
TEST_SHARE = 0.3


@dataclass(frozen=True)
class SumResult:
    """A network that learned to add two numbers: ``losses`` by epoch, ``predictions`` for :data:`QUESTIONS`."""

    network: MLP
    losses: list[float]
    predictions: list[float]

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and numbers."""
        asked = zip(QUESTIONS, self.predictions, strict=True)
        return {
            "network": repr(self.network),
            "losses": self.losses,
            "predictions": [{"inputs": list(x), "sum": sum(x), "prediction": p} for x, p in asked],
        }


@dataclass(frozen=True)
class TwinSide:
    """One of the two: mean squared errors, seconds of training, and its predictions for :data:`QUESTIONS`."""

    train_loss: float
    test_loss: float
    seconds: float
    predictions: list[float]


@dataclass(frozen=True)
class TwinResult:
    """The network from scratch and the same one in Keras, and the largest difference between their weights."""

    scratch: TwinSide
    keras: TwinSide
    largest_weight_difference: float
    verdict: str


def generator(seed: int) -> np.random.Generator:
    """Make a random generator from a seed, which is checked first."""
    check_between("seed", seed, 0, 2**32 - 1)
    return np.random.default_rng(seed)


def sum_data(samples: int, *, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return pairs of numbers from 0 to 0.5, ``(samples, 2)``, and their sums, ``(samples, 1)``."""
    check_count("samples", samples)
    inputs = rng.random((samples, 2)) / 2
    return inputs, inputs.sum(axis=1, keepdims=True)


def learn_sum(
    *,
    samples: int = 1000,
    epochs: int = 50,
    hidden: int = 5,
    learning_rate: float = 0.1,
    seed: int = 0,
    reporter: Reporter = SILENT,
) -> SumResult:
    """Teach a 2-``hidden``-1 network of sigmoids to add, one update per example.

    Raises
    ------
    SoriError
        If an argument is out of range, or the training diverges.
    """
    rng = generator(seed)
    inputs, targets = sum_data(samples, rng=rng)
    network = MLP(2, [hidden], 1, rng=rng)
    losses = network.fit(
        inputs,
        targets,
        epochs=epochs,
        learning_rate=learning_rate,
        on_epoch=lambda epoch, loss: reporter.progress("Learning to add", epoch, epochs, {"error": loss}),
    )
    return SumResult(network, losses, _answers(network.forward(QUESTIONS)))


def compare_with_keras(
    *,
    samples: int = 5000,
    epochs: int = 100,
    hidden: int = 5,
    learning_rate: float = 0.1,
    seed: int = 0,
    reporter: Reporter = SILENT,
) -> TwinResult:
    """Train the same network from scratch and in Keras: same data (7:3), initial weights, order and updates.

    Both are 2-``hidden``-1 sigmoids with biases, in 64-bit, one update per example. The gradient of
    Keras' mean squared error is ``2 * error``, ours is ``error``, so Keras' rate 0.1 is our 0.2.

    Raises
    ------
    SoriError
        If an argument is out of range, Keras is missing, or the training diverges.
    """
    check_count("samples", samples, at_least=4)
    check_count("epochs", epochs)
    check_count("hidden", hidden)
    check_between("learning_rate", learning_rate, 1e-12, 1e6)
    rng = generator(seed)
    inputs, targets = sum_data(samples, rng=rng)
    tested = round(samples * TEST_SHARE)
    train, test = (inputs[tested:], targets[tested:]), (inputs[:tested], targets[:tested])
    network = MLP(2, [hidden], 1, bias=True, rng=rng)
    first = _interleaved(network)

    start = time.perf_counter()
    network.fit(
        *train,
        epochs=epochs,
        learning_rate=2 * learning_rate,
        on_epoch=lambda epoch, loss: reporter.progress("From scratch", epoch, epochs, {"error": loss}),
    )
    seconds = time.perf_counter() - start
    answers = _answers(network.forward(QUESTIONS))
    scratch = TwinSide(network.evaluate(*train), network.evaluate(*test), seconds, answers)

    twin, weights = _keras_twin(train, test, first, epochs=epochs, learning_rate=learning_rate, reporter=reporter)
    worst = max(abs(answer - sum(question)) for answer, question in zip(answers, QUESTIONS, strict=True))
    gap = max(float(np.abs(a - b).max()) for a, b in zip(_interleaved(network), weights, strict=True))
    return TwinResult(scratch, twin, gap, verdict(scratch.train_loss, scratch.test_loss, worst))


def verdict(train_loss: float, test_loss: float, worst_error: float) -> str:
    """Return a sentence on whether a network learned the rule, its examples, or neither.

    Parameters
    ----------
    train_loss, test_loss
        Mean squared errors; the rule is learned if the test loss is at most 1.5 times the training loss.
    worst_error
        The largest error on the questions: above 0.05 the sums are wrong, whatever the losses.
    """
    if worst_error > _WRONG_BY:
        return f"its sums are off by up to {worst_error:.3f}: it has not learned addition yet; train for longer"
    if test_loss <= 1.5 * train_loss:
        return "train and test loss are close, and its sums are right: it learned addition"
    return f"the test loss is {test_loss / train_loss:.1f} times the train loss: it memorised its examples"


def draw_step(trace: StepTrace, path: Path) -> None:
    """Draw a traced step as a network diagram into an image file."""
    from sori import plots

    ax = plots.network_diagram(
        [trace.layers[0].inputs, *(layer.activation for layer in trace.layers)],
        weights=[layer.weights for layer in trace.layers],
        deltas=[layer.delta for layer in trace.layers],
        derivatives=[layer.derivative for layer in trace.layers],
    )
    plots.save(ax, path)


def draw_sum(result: SumResult, path: Path) -> None:
    """Draw the error curve, and the learned surface beside the plane of the true sum, into an image file."""
    from matplotlib.figure import Figure

    from sori import plots

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    curve = plots.error_curve(result.losses, ax=figure.add_subplot(1, 2, 1))
    axis = np.linspace(0, 0.5, 21)
    grid = np.stack([values.ravel() for values in np.meshgrid(axis, axis)], axis=1)
    learned = result.network.forward(grid).reshape(21, 21)
    plots.surfaces(
        axis, axis, learned, grid.sum(axis=1).reshape(21, 21), ax=figure.add_subplot(1, 2, 2, projection="3d")
    )
    plots.save(curve, path)


def _keras_twin(
    train: tuple[Array, Array],
    test: tuple[Array, Array],
    first: Sequence[Array],
    *,
    epochs: int,
    learning_rate: float,
    reporter: Reporter,
) -> tuple[TwinSide, list[Array]]:
    keras = load_keras()
    before = keras.config.floatx()
    keras.config.set_floatx("float64")  # Keras casts what it is fed to this
    try:
        layers = [keras.layers.Dense(w.shape[1], activation="sigmoid", dtype="float64") for w in first[::2]]
        model = keras.Sequential([keras.Input((2,), dtype="float64"), *layers])
        model.set_weights(list(first))
        # Most of the time of a step on one example is overhead, so hundreds are run per call.
        at_once = min(len(train[0]), 500)
        model.compile(keras.optimizers.SGD(learning_rate), loss="mean_squared_error", steps_per_execution=at_once)
        report = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: reporter.progress("In Keras", epoch + 1, epochs, {"error": logs["loss"]})
        )
        start = time.perf_counter()
        model.fit(*train, batch_size=1, epochs=epochs, shuffle=False, verbose=0, callbacks=[report])
        seconds = time.perf_counter() - start
        losses = [float(model.evaluate(*part, batch_size=500, verbose=0)) for part in (train, test)]
        answers = _answers(np.asarray(model.predict(np.array(QUESTIONS), verbose=0)))
        return TwinSide(losses[0], losses[1], seconds, answers), [np.asarray(w) for w in model.get_weights()]
    finally:
        keras.config.set_floatx(before)


def _interleaved(network: MLP) -> list[Array]:
    """Copy weights and biases, in Keras' order."""
    pairs = zip(network.weights, network.biases, strict=True)
    return [array.copy() for pair in pairs for array in pair]


def _answers(outputs: Array) -> list[float]:
    return [float(value) for value in outputs[:, 0]]
