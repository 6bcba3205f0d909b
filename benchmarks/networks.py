"""50,000 single-example updates of a 2-5-1 network: Sori's MLP against the same loop in plain NumPy, same numbers.

python benchmarks/networks.py
"""

import time

import numpy as np

from sori.nn import MLP

SAMPLES, EPOCHS, RATE = 1000, 50, 0.1


class Plain:
    """The network as tutorials write it: lists of arrays, some reshapes, not optimised."""

    def __init__(self, weights: list[np.ndarray]) -> None:
        self.weights = [w.copy() for w in weights]
        self.activations = [np.zeros(len(w)) for w in weights] + [np.zeros(weights[-1].shape[1])]
        self.derivatives = [np.zeros(w.shape) for w in weights]

    def sigmoid(self, x: np.ndarray) -> np.ndarray:
        return 1.0 / (1.0 + np.exp(-x))

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        activations = inputs
        self.activations[0] = activations
        for i, w in enumerate(self.weights):
            activations = self.sigmoid(np.dot(activations, w))
            self.activations[i + 1] = activations
        return activations

    def backward(self, error: np.ndarray) -> None:
        for i in reversed(range(len(self.derivatives))):
            activations = self.activations[i + 1]
            delta = error * (activations * (1.0 - activations))
            delta_row = delta.reshape(delta.shape[0], -1).T
            current = self.activations[i]
            current = current.reshape(current.shape[0], -1)
            self.derivatives[i] = np.dot(current, delta_row)
            error = np.dot(delta, self.weights[i].T)

    def gradient_descent(self, rate: float) -> None:
        for i in range(len(self.weights)):
            weights = self.weights[i]
            weights += self.derivatives[i] * rate

    def train(self, inputs: np.ndarray, targets: np.ndarray, epochs: int, rate: float) -> None:
        for _ in range(epochs):
            sum_errors = 0.0
            for j, x in enumerate(inputs):
                target = targets[j]
                output = self.forward(x)
                error = target - output
                self.backward(error)
                self.gradient_descent(rate)
                sum_errors += np.average((target - output) ** 2)


def main() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((SAMPLES, 2)) / 2
    t = x.sum(axis=1, keepdims=True)
    best = {"plain": float("inf"), "ours": float("inf"), "batches": float("inf")}
    for _ in range(3):
        plain, ours, batches = (MLP(2, [5], 1, rng=np.random.default_rng(1)) for _ in range(3))
        loop = Plain(plain.weights)
        jobs = {
            "plain": lambda loop=loop: loop.train(x, t, EPOCHS, RATE),
            "ours": lambda net=ours: net.fit(x, t, epochs=EPOCHS, learning_rate=RATE),
            "batches": lambda net=batches: net.fit(x, t, epochs=EPOCHS, learning_rate=RATE, batch_size=100),
        }
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            best[name] = min(best[name], time.perf_counter() - start)
    gap = max(float(np.abs(a - b).max()) for a, b in zip(loop.weights, ours.weights, strict=True))
    print("| 50,000 examples through 2-5-1 | seconds | times as fast |")
    print("|---|---:|---:|")
    for label, name in (
        ("plain NumPy loop, one example at a time", "plain"),
        ("sori.nn.MLP, one example at a time", "ours"),
        ("sori.nn.MLP, batches of 100", "batches"),
    ):
        print(f"| {label} | {best[name]:.3f} | {best['plain'] / best[name]:.2f} |")
    print(f"\nlargest difference between the weights of the first two: {gap:.1e}")


if __name__ == "__main__":
    main()
