"""Transcription engines: Sori's own network, and those of installed packages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sori.inference.transcriber import Transcriber
from sori.music import Note
from sori.registry import Registry


class Engine(Protocol):
    """A loaded transcriber: called with a clip ``(samples,)`` at its rate ``sr`` in Hz, it returns the notes."""

    @property
    def sr(self) -> int:
        """The rate of the samples that it takes."""

    def __call__(self, y: npt.NDArray[np.float32], /) -> Sequence[Note]:
        """Return the notes of a clip."""


class Piano:
    """Sori's own network as an engine."""

    def __init__(self) -> None:
        self._transcriber = Transcriber("piano")
        self.sr: int = self._transcriber.front_end.sr

    def __call__(self, y: npt.NDArray[np.float32]) -> Sequence[Note]:
        """Return the notes of a clip."""
        return self._transcriber(y, sr=self.sr, posteriors=False).notes


def _basic_pitch() -> Engine:
    from sori.inference.basic_pitch import BasicPitch

    return BasicPitch()


def _transkun() -> Engine:
    from sori.inference.transkun import Transkun

    return Transkun()


# By name, a function without arguments that loads the engine.
ENGINES: Registry[Callable[[], Engine]] = Registry(
    "engine", "sori.engines", {"piano": Piano, "basic-pitch": _basic_pitch, "transkun": _transkun}
)
