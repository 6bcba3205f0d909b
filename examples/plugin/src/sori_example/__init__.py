"""An example of each kind of object that a package can add to Sori; `pyproject.toml` names them as entry points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sori.augment import Transform
from sori.errors import check_keys
from sori.models import Architecture, Recipe
from sori.music import Note
from sori.units import hz_to_midi


def average(input_shape: tuple[int, int], n_classes: int, *, dropout: float = 0.0, l2: float = 0.0) -> Any:
    """Build a minimal network: the mean of each bin over time, and a dense layer that gives logits."""
    import keras

    regularizer = keras.regularizers.L2(l2) if l2 else None
    inputs = keras.Input(input_shape)
    x = keras.layers.Dropout(dropout)(keras.layers.GlobalAveragePooling1D()(inputs))
    return keras.Model(inputs, keras.layers.Dense(n_classes, kernel_regularizer=regularizer)(x), name="average")


AVERAGE = Architecture("average", "the mean of each bin, one dense layer", average, Recipe(epochs=30, lr=1e-2), "mel")


@dataclass(frozen=True, kw_only=True)
class Crossings:
    """Features: how often a clip crosses zero, and its level in dB, frame by frame.

    A front end has ``kind``, ``sr``, ``bins``, ``shape``, ``to_dict`` and ``from_dict``, and is called with clips.
    """

    kind: str = "crossings"
    sr: int = 22050
    hop_length: int = 512
    bins: int = 2

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Crossings:
        """Rebuild the front end from :meth:`to_dict`; unknown keys are refused."""
        check_keys("Crossings", values, cls.__dataclass_fields__)
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings, as JSON can hold them."""
        return asdict(self)

    def shape(self, n_samples: int) -> tuple[int, int]:
        """Return ``(frames, bins)`` of a clip."""
        return n_samples // self.hop_length, self.bins

    def __call__(self, y: np.ndarray) -> np.ndarray:
        """Return features ``(frames, bins)`` of a clip ``(samples,)``, or ``(n, frames, bins)`` of several."""
        clips = np.atleast_2d(y)
        count = clips.shape[1] // self.hop_length
        frames = clips[:, : count * self.hop_length].reshape(len(clips), count, self.hop_length)
        crossings = np.count_nonzero(np.diff(np.signbit(frames), axis=-1), axis=-1) / self.hop_length
        level_db = 10 * np.log10(np.mean(np.square(frames, dtype=np.float64), axis=-1) + 1e-10)
        out = np.stack([crossings, level_db], axis=-1).astype(np.float32)
        return out if np.ndim(y) == 2 else out[0]


@dataclass(frozen=True, kw_only=True)
class Reverse(Transform):
    """A transform that reverses a clip. Drawing and applying are separate, so that it can be replayed."""

    def draw(self, rng: np.random.Generator, *, samples: int, sr: int) -> dict[str, Any]:
        """Draw nothing: reversal needs no random values."""
        return {}

    def apply(self, y: np.ndarray, *, sr: int, **drawn: Any) -> np.ndarray:
        """Return the reversed clip."""
        return y[::-1].copy()


def as_it_is(sr: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return a separator for recordings of a piano alone: clips ``(samples,)`` at ``sr`` stay unchanged."""
    return lambda y: y


class Loudest:
    """An engine that finds one note: the loudest frequency of the whole recording."""

    sr = 16000

    def __call__(self, y: np.ndarray) -> Sequence[Note]:
        """Return the note of a clip ``(samples,)``."""
        spectrum = np.abs(np.fft.rfft(y * np.hanning(len(y))))
        at_hz = float(spectrum.argmax() * self.sr / len(y))
        return [Note(0.0, len(y) / self.sr, round(hz_to_midi(max(27.5, min(at_hz, 4186.0)))), 64)]
