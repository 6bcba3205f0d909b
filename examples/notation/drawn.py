"""Batches for training that are drawn anew in every epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np


class Drawn(keras.utils.PyDataset):
    """Batches of stretches of pieces, the longer pieces more often; the same for the same seed, epoch and number.

    Parameters
    ----------
    draw
        Function of the pieces, their chances and a generator that returns one example and its target.
    lengths
        How often each piece is drawn, in relation to the others.
    """

    def __init__(
        self, draw: Callable[..., tuple[np.ndarray, np.ndarray]], pieces: Sequence[Any], lengths: Sequence[float],
        *, seed: int, count: int, batch: int,
    ) -> None:  # fmt: skip
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self.draw, self.pieces, self.weights = draw, pieces, np.array(lengths) / np.sum(lengths)
        self.seed, self.count, self.batch, self.epoch = seed, count, batch, 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng((self.seed, self.epoch, index))
        drawn = [self.draw(self.pieces, self.weights, rng) for _ in range(self.batch)]
        return np.stack([x for x, _ in drawn]), np.stack([y for _, y in drawn])

    def on_epoch_end(self) -> None:
        """Draw others next time."""
        self.epoch += 1
