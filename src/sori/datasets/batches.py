"""Feed a network: shuffled batches of stored features, augmented as they go by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sori.augment import SpectrogramAugment
from sori.errors import require

if TYPE_CHECKING:
    import keras


def augmented_batches(
    x: npt.NDArray[np.float32],
    y: npt.NDArray[np.float32],
    *,
    batch_size: int,
    augment: SpectrogramAugment,
    seed: int,
) -> keras.utils.PyDataset:
    """Shuffled, augmented batches; a last one that is not full is left to the next epoch's shuffle.

    Parameters
    ----------
    x, y
        Normalised features ``(n, frames, bins)`` and label probabilities ``(n, classes)``: the training part, and it
        alone.
    seed
        Of the shuffle and of everything that is drawn.
    """
    keras = require("keras", extra="train")

    class AugmentedBatches(keras.utils.PyDataset):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.batch_size = min(batch_size, len(x))
            self.rng = np.random.default_rng(seed)
            self.order = self.rng.permutation(len(x))

        def __len__(self) -> int:
            return len(x) // self.batch_size

        def on_epoch_end(self) -> None:
            self.order = self.rng.permutation(len(x))

        def __getitem__(self, index: int) -> tuple[Any, Any]:
            some = self.order[index * self.batch_size : (index + 1) * self.batch_size]
            drawn = augment.draw(self.rng, (len(some), x.shape[1], x.shape[2]))
            return augment.apply(x[some], y[some], drawn)

    return AugmentedBatches()
