"""A classifier: from a recording to the probabilities of its classes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sori.bundle import Bundle, onnx_session, run
from sori.errors import BundleError, ParameterError
from sori.features import SILENCE, Preprocessor

_SHOWN = 3  # classes shown when a prediction is printed


@dataclass(frozen=True)
class Prediction:
    """Class names and probabilities of a clip, the most probable first; ``segments`` is how many were averaged."""

    classes: tuple[str, ...]
    probabilities: tuple[float, ...]
    segments: int

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
        """Classify a clip ``(samples,)`` at any rate, cut as the training recordings were.

        Raises
        ------
        ParameterError
            If it is not one-dimensional and floating-point.
        AudioError
            If it is too short for one segment, or is silent and no class of the model is silence.
        """
        x, _ = self.preprocessor.segments(y, sr=sr, allow_silence=self._knows_silence)
        return self._averaged(x)

    def predict_file(self, path: str | Path) -> Prediction:
        """Classify a recording.

        Raises
        ------
        AudioError
            If it cannot be read, is too short, or is silent and no class of the model is silence.
        """
        x, _ = self.preprocessor.segments_of_file(Path(path), allow_silence=self._knows_silence)
        return self._averaged(x)

    @property
    def _knows_silence(self) -> bool:
        return any(name in SILENCE for name in self.bundle.classes)

    def _averaged(self, x: npt.NDArray[np.float32]) -> Prediction:
        mean = self.predict_features(x).mean(axis=0)
        order = np.argsort(-mean, kind="stable")
        return Prediction(
            tuple(self.bundle.classes[i] for i in order), tuple(float(mean[i]) for i in order), segments=len(x)
        )
