"""Feed a network shuffled batches of features: stored, or computed from waveforms, and augmented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from sori.augment import Augmentation, Chain
from sori.errors import require
from sori.features import FrontEnd

if TYPE_CHECKING:
    import keras

FloatArray = npt.NDArray[np.float32]


class Source(Protocol):
    """Source of the examples of a batch: normalised features ``(n, frames, bins)``, by index."""

    @property
    def workers(self) -> int:
        """Number of worker threads to use beside the network's own."""

    def __len__(self) -> int: ...

    def __call__(self, which: npt.NDArray[np.intp], rng: np.random.Generator) -> FloatArray:
        """Return the examples at the indices ``which``; ``rng`` is used for anything random."""


@dataclass(frozen=True)
class StoredFeatures:
    """Features computed once: cheapest, but each clip is the same in every epoch. ``x`` is normalised."""

    x: FloatArray
    workers: int = 1

    def __len__(self) -> int:
        return len(self.x)

    def __call__(self, which: npt.NDArray[np.intp], rng: np.random.Generator) -> FloatArray:
        """Return the features at the indices ``which``."""
        return self.x[which]


@dataclass(frozen=True)
class LiveFeatures:
    """Features computed from waveforms batch by batch; each clip is augmented anew each time it is used.

    Parameters
    ----------
    clips
        ``(n, samples)`` at the front end's rate; may be mapped from a file.
    normalise
        Applied to features ``(n, frames, bins)``.
    """

    clips: FloatArray
    front_end: FrontEnd
    normalise: Callable[[FloatArray], FloatArray]
    chain: Chain
    workers: int = 2

    def __len__(self) -> int:
        return len(self.clips)

    def __call__(self, which: npt.NDArray[np.intp], rng: np.random.Generator) -> FloatArray:
        """Return features of the clips at the indices ``which``, each augmented by its own random draw."""
        out = np.empty((len(which), self.clips.shape[1]), dtype=np.float32)
        for clip, index in zip(out, which, strict=True):
            drawn = self.chain.draw(rng, samples=len(clip), sr=self.front_end.sr)
            clip[:] = self.chain.apply(self.clips[index], drawn, sr=self.front_end.sr)
        return self.normalise(self.front_end(out))


def augmented_batches(
    source: Source,
    labels: FloatArray,
    *,
    batch_size: int,
    augment: Augmentation,
    seed: int,
    weights: npt.NDArray[np.float64] | None = None,
) -> keras.utils.PyDataset:
    """Make shuffled, augmented batches, all of nearly the same size.

    Each batch has its own random generator, seeded by seed, epoch and position, so it does not depend on which thread
    makes it, or when.

    Parameters
    ----------
    source
        The training part only.
    labels
        Probabilities ``(n, classes)``.
    batch_size
        Most examples of a batch.
    seed
        Seed of the shuffle and of all random draws.
    weights
        Of each class in the loss, ``(classes,)``; None: no weights are given.

    Returns
    -------
    Batches ``(x, labels)``, or ``(x, labels, weights)`` of the examples; with manifold mixup, x is ``(x, partner,
    share)``, for the network to mix.
    """
    keras = require("keras")

    class AugmentedBatches(keras.utils.PyDataset):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__(workers=source.workers, max_queue_size=8)
            self.go_to(0)

        def __len__(self) -> int:
            return -(-len(source) // batch_size)

        def on_epoch_end(self) -> None:
            self.go_to(self.epoch + 1)

        def go_to(self, epoch: int) -> None:
            self.epoch = epoch
            order = np.random.default_rng((seed, epoch)).permutation(len(source))
            self.parts = np.array_split(order, len(self))

        def __getitem__(self, index: int) -> tuple[Any, ...]:
            x, y = self._made(index)
            return (x, y) if weights is None else (x, y, (y @ weights).astype(np.float32))

        def _made(self, index: int) -> tuple[Any, Any]:
            rng = np.random.default_rng((seed, self.epoch, index))
            some = self.parts[index]
            x, y = source(some, rng), labels[some]
            if augment.spectrogram is not None:
                x = augment.spectrogram.apply(x, augment.spectrogram.draw(rng, x.shape))
            if augment.mix is None:
                return x, y
            drawn = augment.mix.draw(rng, len(x))
            x, y = augment.mix.apply(x, y, drawn)
            return ((x, drawn["partner"], drawn["share"]), y) if augment.mix.manifold else (x, y)

    return AugmentedBatches()
