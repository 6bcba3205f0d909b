"""Embeddings: what a network that was trained on many sounds tells about a clip, window by window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sori.errors import check_choice, check_count, check_keys, package_folder
from sori.features.frames import as_clips
from sori.sessions import onnx_session

KIND = "embedding"
_SR = 16000  # of every network here
_Clips = npt.NDArray[np.float32]


class SoundNetwork:
    """YAMNet: 521 kinds of sound of AudioSet, and the 1,024 numbers from which it tells them apart.

    Sources: https://github.com/tensorflow/models/tree/master/research/audioset/yamnet (Apache-2.0); Howard et al.,
    MobileNets (2017); Gemmeke et al., Audio Set (2017).
    """

    sr = _SR
    window, size, classes, around = 15600, 1024, 521, 0

    def __init__(self, path: Path | None = None) -> None:
        """Open the network that ships with Sori, or another file with the same outputs."""
        shipped = Path(__file__).parents[1] / "weights" / "sounds" / "model.onnx"
        self._session = onnx_session(path or shipped, threads=1)

    def both(self, window: _Clips) -> tuple[_Clips, _Clips]:
        """Return the scores ``(521,)``, each 0 to 1, and the embedding ``(1024,)`` of a window."""
        scores, embedding = self._session.run(None, {"waveform": window[np.newaxis]})
        return scores[0], embedding[0]

    def __call__(self, window: _Clips) -> _Clips:
        """Return the embedding of a window."""
        return self.both(window)[1]


class SpeechNetwork:
    """The speech embedding of the package openwakeword 0.4, which must be installed: 96 numbers.

    Source: Lin et al., Training Keyword Spotters with Limited and Synthesized Speech Data (2020).
    """

    window, size = 12640, 96
    # Silence before and after a clip, so that a window is centred on every instant: a word is as long as a window, and
    # one at which it has just begun tells little.
    around = 6320
    # The mel spectrogram is of 16-bit samples; the embedding was trained on another one's scale.
    full_scale, scale, shift, frames, bands = 32767.0, 10.0, 2.0, 76, 32

    def __init__(self) -> None:
        self._mel, self._embed = (onnx_session(path, threads=1) for path in self.files())

    @staticmethod
    def files() -> tuple[Path, Path]:
        """Return the files of the mel spectrogram and of the embedding.

        Raises
        ------
        MissingDependencyError
            If the package is not installed.
        """
        how = "pip install --no-deps openwakeword==0.4.0, for its speech embedding"
        folder = package_folder("openwakeword", name="openwakeword", how=how) / "resources" / "models"
        return folder / "melspectrogram.onnx", folder / "embedding_model.onnx"

    def __call__(self, window: _Clips) -> _Clips:
        """Return the embedding of a window."""
        given = (window * np.float32(self.full_scale))[np.newaxis]
        mel = self._mel.run(None, {self._mel.get_inputs()[0].name: given})[0].reshape(-1, self.bands)
        mel = (mel / self.scale + self.shift)[: self.frames]
        name = self._embed.get_inputs()[0].name
        vector: _Clips = self._embed.run(None, {name: mel[np.newaxis, ..., np.newaxis].astype(np.float32)})[0].reshape(
            -1
        )
        return vector


_NETWORKS: Mapping[str, type[SoundNetwork] | type[SpeechNetwork]] = {"sounds": SoundNetwork, "speech": SpeechNetwork}


EMBEDDINGS = tuple(_NETWORKS)


@lru_cache(maxsize=4)
def network(model: str) -> Any:
    """Return the network of a name, loaded once: it may run in several threads at the same time."""
    check_choice("embedding", model, _NETWORKS)
    return _NETWORKS[model]()


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """Embeddings of overlapping windows: what to train a classifier on that has few examples.

    Parameters
    ----------
    model
        ``sounds``: YAMNet, which ships with Sori: 1,024 numbers for each window of 0.975 s. ``speech``: the speech
        embedding of the package openwakeword 0.4: 96 numbers for each window of 0.79 s.
    hop_length
        Samples, at 16 kHz, from one window to the next. A clip shorter than a window is padded with zeros.

    >>> Embedding()(np.zeros(16000, dtype=np.float32)).shape
    (1, 1024)
    """

    model: str = "sounds"
    hop_length: int = 7680

    kind = KIND
    sr = _SR

    def __post_init__(self) -> None:
        check_choice("embedding", self.model, _NETWORKS)
        check_count("hop_length", self.hop_length)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild a front end from :meth:`to_dict`.

        Raises
        ------
        ParameterError
            If a key is unknown.
        """
        check_keys("Embedding", values, ["kind", "sr", *(field.name for field in fields(cls))])
        return cls(**{key: value for key, value in values.items() if key not in ("kind", "sr")})

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as values that JSON can store."""
        return {"kind": self.kind, "sr": self.sr, **asdict(self)}

    @property
    def bins(self) -> int:
        """Numbers of a window."""
        return _NETWORKS[self.model].size

    def frames(self, n_samples: int) -> int:
        """Return the number of windows of a clip."""
        embed = _NETWORKS[self.model]
        return 1 + max(0, n_samples + 2 * embed.around - embed.window) // self.hop_length

    def shape(self, n_samples: int) -> tuple[int, int]:
        """Return ``(windows, bins)`` of a clip."""
        return self.frames(n_samples), self.bins

    def __call__(self, y: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return embeddings ``(windows, bins)`` of a clip ``(samples,)``, or ``(n, windows, bins)`` of several."""
        return self.windows(y, network(self.model))

    def windows(self, y: npt.NDArray[np.floating], embed: Any) -> npt.NDArray[np.float32]:
        """Return the embeddings that a network of this kind gives."""
        clips = as_clips(y)
        missing = max(0, embed.window - 2 * embed.around - clips.shape[1])
        padded = np.pad(clips, ((0, 0), (embed.around, embed.around + missing)))
        starts = range(0, self.frames(clips.shape[1]) * self.hop_length, self.hop_length)
        out = np.stack([[embed(clip[at : at + embed.window]) for at in starts] for clip in padded])
        return out if np.ndim(y) == 2 else out[0]
