"""Feed a network: shuffled batches of features, stored or made of waveforms as needed, augmented on the way."""

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
    """Where the examples of a batch come from: normalised features ``(n, frames, bins)``, by index."""

    @property
    def workers(self) -> int:
        """Threads that are worth having beside the network's own."""

    def __len__(self) -> int: ...

    def __call__(self, which: npt.NDArray[np.intp], rng: np.random.Generator) -> FloatArray:
        """Return some of the examples; ``rng`` is what anything random is drawn from."""


@dataclass(frozen=True)
class StoredFeatures:
    """Features made once: the cheapest, and each clip sounds the same in every epoch. ``x`` is normalised."""

    x: FloatArray
    workers: int = 1

    def __len__(self) -> int:
        return len(self.x)

    def __call__(self, which: npt.NDArray[np.intp], rng: np.random.Generator) -> FloatArray:
        """Return some of the features."""
        return self.x[which]


@dataclass(frozen=True)
class LiveFeatures:
    """Features made of waveforms batch by batch, each clip changed anew every time it is heard.

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
        """Return features of some of the clips, each changed by a draw of its own."""
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
) -> keras.utils.PyDataset:
    """Shuffled, augmented batches; a last one that is not full is left to the next epoch's shuffle.

    Every batch has a random generator of its own, made of seed, epoch and place, so that it is the same whichever
    thread makes it and whenever.

    Parameters
    ----------
    source
        The training part, and it alone.
    labels
        Probabilities ``(n, classes)``.
    seed
        Of the shuffle and of everything that is drawn.

    Returns
    -------
    Batches ``(x, labels)``; with manifold mixup ``((x, partner, share), labels)``, for the network to mix.
    """
    keras = require("keras", extra="train")

    class AugmentedBatches(keras.utils.PyDataset):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__(workers=source.workers, max_queue_size=8)
            self.batch_size = min(batch_size, len(source))
            self.epoch = 0
            self.order = self._shuffled()

        def _shuffled(self) -> npt.NDArray[np.intp]:
            return np.random.default_rng((seed, self.epoch)).permutation(len(source))

        def __len__(self) -> int:
            return len(source) // self.batch_size

        def on_epoch_end(self) -> None:
            self.epoch += 1
            self.order = self._shuffled()

        def __getitem__(self, index: int) -> tuple[Any, Any]:
            rng = np.random.default_rng((seed, self.epoch, index))
            some = self.order[index * self.batch_size : (index + 1) * self.batch_size]
            x, y = source(some, rng), labels[some]
            if augment.spectrogram is not None:
                x = augment.spectrogram.apply(x, augment.spectrogram.draw(rng, x.shape))
            if augment.mix is None:
                return x, y
            drawn = augment.mix.draw(rng, len(x))
            x, y = augment.mix.apply(x, y, drawn)
            return ((x, drawn["partner"], drawn["share"]), y) if augment.mix.manifold else (x, y)

    return AugmentedBatches()
