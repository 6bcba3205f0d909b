"""Training the MLP at batch 32: Sori's fit against plain `model.fit` with default settings, same data, same start.

python benchmarks/training.py
"""

import time

import numpy as np

from sori import models
from sori.models.backend import keras as load_keras
from sori.training import Settings, fit

SEGMENTS, EPOCHS, CLASSES = 4000, 50, 10


def main() -> None:
    keras = load_keras()
    rng = np.random.default_rng(0)
    x = rng.standard_normal((SEGMENTS + 800, 130, 13)).astype(np.float32)
    labels = rng.integers(CLASSES, size=len(x))
    train, valid = (x[:SEGMENTS], labels[:SEGMENTS]), (x[SEGMENTS:], labels[SEGMENTS:])

    def network() -> keras.Model:
        keras.utils.set_random_seed(0)
        return models.build("mlp", input_shape=(130, 13), n_classes=CLASSES)

    def plain() -> tuple[float, list[float]]:
        model = network()
        model.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
        start = time.perf_counter()
        history = model.fit(*train, validation_data=valid, batch_size=32, epochs=EPOCHS, verbose=0).history
        return time.perf_counter() - start, history["val_loss"]

    def ours() -> tuple[float, list[float]]:
        model = network()
        recipe = models.ARCHITECTURES["mlp"].recipe
        settings = Settings(epochs=EPOCHS, batch_size=32, lr=1e-4, jit=recipe.jit)
        start = time.perf_counter()
        history = fit(model, train, valid, settings=settings)
        return time.perf_counter() - start, history.column("val_loss")

    plain_s = ours_s = float("inf")
    for _ in range(2):
        seconds, their_losses = plain()
        plain_s = min(plain_s, seconds)
        seconds, our_losses = ours()
        ours_s = min(ours_s, seconds)
    gap = float(np.abs(np.array(their_losses) - np.array(our_losses)).max())
    print(
        f"| MLP, {SEGMENTS} segments of 130 x 13, batch 32, {EPOCHS} epochs with validation | seconds | times as fast |"
    )
    print("|---|---:|---:|")
    print(f"| plain model.fit, default settings | {plain_s:.2f} | 1 |")
    print(f"| sori.training.fit, compiling included | {ours_s:.2f} | {plain_s / ours_s:.1f} |")
    print(f"\nlargest difference in validation loss over the epochs: {gap:.1e}")


if __name__ == "__main__":
    main()
