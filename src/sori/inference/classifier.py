"""A classifier: from a recording to the probabilities of its classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sori.audio import blocks, info, resample
from sori.bundle import Bundle
from sori.errors import BundleError, ParameterError
from sori.features import SILENCE, Preprocessor
from sori.sessions import onnx_session, run

_SHOWN = 3  # classes shown when a prediction is printed


@dataclass(frozen=True)
class Moment:
    """A segment of a recording, in seconds, and its probabilities in the order of the prediction's classes."""

    start_s: float
    end_s: float
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Prediction:
    """Class names and probabilities of a clip, the most probable first.

    ``segments`` is how many were averaged, and ``timeline`` holds each of them.
    """

    classes: tuple[str, ...]
    probabilities: tuple[float, ...]
    segments: int
    timeline: tuple[Moment, ...] = field(default=(), repr=False, compare=False)

    def __repr__(self) -> str:
        likeliest = list(zip(self.classes, self.probabilities, strict=True))[:_SHOWN]
        more = f", and {len(self.classes) - _SHOWN} more" if len(self.classes) > _SHOWN else ""
        return f"Prediction({', '.join(f'{name} {p:.1%}' for name, p in likeliest)}{more})"


class Classifier:
    """A trained classifier, loaded once.

    Parameters
    ----------
    path
        The folder that `sori train` made, or the name of a model that ships with Sori (:func:`sori.pretrained`).
    threads
        Threads of the network; 0: one per core.

    Raises
    ------
    BundleError
        If the folder is not a bundle, or its files do not match.
    """

    def __init__(self, path: str | Path, *, threads: int = 0) -> None:
        self.bundle = Bundle.open(path)
        if self.bundle.task not in ("classifier", "spotter"):
            raise BundleError(f"{path}: is a {self.bundle.task}, not a classifier")
        self._session = onnx_session(self.bundle.path / "model.onnx", threads=threads)
        shape = tuple(self._session.get_inputs()[0].shape[1:])
        if shape != self.bundle.input_shape:
            raise BundleError(f"{path}: model.onnx takes {shape}, bundle.json says {self.bundle.input_shape}")
        outputs = self._session.get_outputs()[0].shape[-1]
        if outputs != len(self.bundle.classes):
            raise BundleError(
                f"{path}: model.onnx has {outputs} outputs, bundle.json {len(self.bundle.classes)} classes"
            )

    def __repr__(self) -> str:
        return f"Classifier({str(self.bundle.path)!r}, {len(self.bundle.classes)} classes)"

    @property
    def preprocessor(self) -> Preprocessor:
        """How a recording becomes segments of features.

        Raises
        ------
        BundleError
            If the model was trained on imported features whose front end is unknown.
        """
        preprocessor = self.bundle.preprocessor
        if preprocessor is None:
            raise BundleError(
                f"{self.bundle.path}: was trained on imported features whose front end is unknown, so it cannot "
                "be used on a recording; import them again with their front end (sr and the rest)"
            )
        return preprocessor

    def predict_clips(self, clips: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return probabilities ``(n, classes)`` for clips of one segment each, ``(n, samples)``, silent or not."""
        return self.predict_features(self.preprocessor.front_end(clips))

    def predict_features(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return probabilities ``(n, classes)`` for segments of features ``(n, frames, bins)``."""
        if x.ndim != 3 or x.shape[1:] != self.bundle.input_shape:
            raise ParameterError(f"x must have shape (n, {self.bundle.input_shape}). Received {x.shape}.")
        return run(self._session, x)

    def predict(self, y: npt.NDArray[np.float32], *, sr: int) -> Prediction:
        """Classify a clip ``(samples,)`` at any rate: the mean over all of its segments.

        Raises
        ------
        ParameterError
            If it is not one-dimensional and floating-point.
        AudioError
            If it is too short for one segment, or is silent and no class of the model is silence.
        """
        preprocessor = self.preprocessor
        first, starts = preprocessor.segments(y, sr=sr, allow_silence=self._knows_silence)
        if preprocessor.segmenting.by == "beats" or len(y) <= sr * preprocessor.segmenting.duration_s:
            return self._averaged([(self.predict_features(first), starts)])
        return self._averaged(self._windows([resample(y, from_sr=sr, to_sr=preprocessor.sr)]))

    def predict_file(self, path: str | Path) -> Prediction:
        """Classify a recording: the mean over all of its segments, from its start to its end.

        Memory use does not grow with its length.

        Raises
        ------
        AudioError
            If it cannot be read, is too short, or is silent and no class of the model is silence.
        """
        preprocessor, path = self.preprocessor, Path(path)
        known_s = info(path).duration_s
        if preprocessor.segmenting.by == "time" and (known_s is None or known_s > preprocessor.segmenting.duration_s):
            found = list(self._windows(blocks(path, sr=preprocessor.sr)))
            if found:
                return self._averaged(found)
        x, starts = preprocessor.segments_of_file(path, allow_silence=self._knows_silence)
        return self._averaged([(self.predict_features(x), starts)])

    def _windows(
        self, pieces: Iterable[npt.NDArray[np.float32]]
    ) -> Iterator[tuple[npt.NDArray[np.float32], list[int]]]:
        """Yield probabilities ``(n, classes)`` and the first samples of windows that are not digital silence."""
        for clips, starts in self.preprocessor.windows(pieces):
            sounding = np.flatnonzero(clips.any(axis=1) | self._knows_silence)
            if len(sounding):
                yield self.predict_clips(clips[sounding]), [starts[i] for i in sounding]

    @property
    def _knows_silence(self) -> bool:
        return any(name in SILENCE for name in self.bundle.classes)

    def _averaged(self, parts: Iterable[tuple[npt.NDArray[np.float32], list[int]]]) -> Prediction:
        found = list(parts)
        p = np.concatenate([part for part, _ in found])
        starts = [start for _, some in found for start in some]
        mean = p.mean(axis=0)
        order = np.argsort(-mean, kind="stable")
        sr, n = self.preprocessor.sr, self.preprocessor.samples
        moments = tuple(
            Moment(start / sr, (start + n) / sr, tuple(map(float, row[order])))
            for start, row in zip(starts, p, strict=True)
        )
        classes = tuple(self.bundle.classes[i] for i in order)
        return Prediction(classes, tuple(map(float, mean[order])), segments=len(p), timeline=moments)
