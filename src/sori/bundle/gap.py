"""How far an exported classifier is from the classifier itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.signal

from sori.bundle.bundle import Bundle
from sori.sessions import onnx_session

# Exported probabilities may differ by this much.
TOLERANCE = 1e-3


def gap_of(answer: Callable[[npt.NDArray[np.float32]], Any], bundle: Bundle) -> float:
    """Return the largest difference from a classifier's own probabilities, on noise, tones, clicks and near silence.

    Parameters
    ----------
    answer
        Of samples ``(n, samples)``, the probabilities ``(n, classes)``.
    bundle
        The classifier of recordings.
    """
    preprocessor: Any = bundle.preprocessor
    rng, n = np.random.default_rng(0), preprocessor.samples
    t = np.arange(n) / preprocessor.sr
    sounds = [
        0.1 * rng.standard_normal(n),
        0.5 * np.sin(2 * np.pi * 440 * t) * np.exp(-3 * t),
        0.3 * scipy.signal.chirp(t, 50, t[-1] + 1e-3, 0.45 * preprocessor.sr),
        (rng.random(n) < 10 / n).astype(np.float64),
        1e-4 * rng.standard_normal(n),
    ]
    clips = np.stack(sounds).astype(np.float32)
    own = onnx_session(bundle.path / "model.onnx")
    expected = own.run(None, {own.get_inputs()[0].name: preprocessor.front_end(clips)})[0]
    return float(np.abs(np.asarray(answer(clips)) - expected).max())
