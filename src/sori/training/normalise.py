"""Input normalisation, learned on the training part only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sori.datasets.split import Indices


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of each bin, both of shape ``(bins,)``."""

    mean: npt.NDArray[np.float32]
    std: npt.NDArray[np.float32]

    @classmethod
    def learn(cls, x: npt.NDArray[np.float32], train: Indices, *, one_scale: bool) -> Normalisation:
        """Compute mean and deviation of ``x[train]``, of shape ``(n, frames, bins)``, without copying it.

        Parameters
        ----------
        one_scale
            All bins share a unit and get one deviation, so that a band with little energy is not scaled up to the
            size of the others; otherwise each bin has its own.
        """
        bins = x.shape[2]
        total, squares, count = np.zeros(bins), np.zeros(bins), 0
        for first in range(0, len(train), 256):
            part = x[train[first : first + 256]].reshape(-1, bins).astype(np.float64)
            total += part.sum(axis=0)
            squares += np.einsum("ij,ij->j", part, part)
            count += len(part)
        mean = total / count
        variance = np.maximum(squares / count - mean**2, 0)
        if one_scale:
            variance = np.full(bins, variance.mean())
        # A bin that never changes (a band above a resampled recording's Nyquist) is only centred.
        std = np.where(variance > 1e-8, np.sqrt(variance), 1.0)
        return cls(mean.astype(np.float32), std.astype(np.float32))

    def __call__(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return ``x`` with mean 0 and deviation 1 in every bin, as a new array."""
        out: npt.NDArray[np.float32] = x - self.mean
        out /= self.std
        return out
