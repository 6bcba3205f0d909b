"""Transcription engines: Sori's own network, and those of installed packages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from sori.inference.transcriber import Transcriber
from sori.music import Note
from sori.registry import Registry

# Takes samples ``(samples,)`` and their rate, and returns notes.
Engine = Callable[[npt.NDArray[np.float32], int], Sequence[Note]]


def _piano() -> Engine:
    transcriber = Transcriber("piano")
    return lambda y, sr: transcriber(y, sr=sr, posteriors=False).notes


# By name, a function without arguments that loads the engine.
ENGINES: Registry[Callable[[], Engine]] = Registry("engine", "sori.engines", {"piano": _piano})
