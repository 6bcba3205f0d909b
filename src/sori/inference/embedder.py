"""An embedder: from a recording to feature vectors, for example to train a small classifier on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from sori.audio import resample
from sori.bundle import Bundle
from sori.errors import BundleError
from sori.features import Embedding
from sori.features.embedding import SoundNetwork
from sori.inference.clip import checked_clip
from sori.sessions import onnx_session, run


class Embedder:
    """A trained embedder, loaded once.

    Parameters
    ----------
    path
        The folder of an embedder, or ``sounds``, which ships with Sori: YAMNet's 1,024 numbers for each window.
    threads
        Threads of the network; 0: one per core.

    Raises
    ------
    BundleError
        If the folder does not hold an embedder, or its files do not match.
    """

    def __init__(self, path: str | Path, *, threads: int = 0) -> None:
        self.bundle = Bundle.open(path)
        self._windows: tuple[Embedding, SoundNetwork] | None = None
        if self.bundle.task == "tagger":
            self._windows = Embedding(), SoundNetwork(self.bundle.path / "model.onnx")
            return
        preprocessor = self.bundle.preprocessor
        if self.bundle.task != "embedder" or preprocessor is None:
            raise BundleError(f"{path}: is a {self.bundle.task}, not an embedder")
        self.preprocessor = preprocessor
        self._session = onnx_session(self.bundle.path / "model.onnx", threads=threads)
        shape = tuple(self._session.get_inputs()[0].shape[1:])
        if shape != self.bundle.input_shape:
            raise BundleError(f"{path}: model.onnx takes {shape}, bundle.json says {self.bundle.input_shape}")

    def __repr__(self) -> str:
        return f"Embedder({str(self.bundle.path)!r}, {self.size} numbers per segment)"

    @property
    def size(self) -> int:
        """Length of a vector."""
        if self._windows is not None:
            return self._windows[0].bins
        return int(self._session.get_outputs()[0].shape[-1])

    def embed(self, y: npt.NDArray[np.float32], *, sr: int) -> npt.NDArray[np.float32]:
        """Return a vector for each segment of a clip ``(samples,)`` at any rate, shape ``(n, self.size)``.

        Raises
        ------
        ParameterError
            If it is not one-dimensional and floating-point.
        AudioError
            If it is too short for one segment.
        """
        if self._windows is not None:
            front_end, network = self._windows
            return front_end.windows(resample(checked_clip(y), from_sr=sr, to_sr=front_end.sr), network)
        x, _ = self.preprocessor.segments(y, sr=sr, allow_silence=True)
        return run(self._session, x)
