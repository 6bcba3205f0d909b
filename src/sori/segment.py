"""Cut a clip into pieces: frames of one length, or stretches between beats."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sori.errors import ParameterError, check_count, require
from sori.units import FloatArray, seconds_to_samples

_TRACKER_HOP = 512
_TRACKER_SR = 22050


def frames(
    y: FloatArray, *, sr: int, length_s: float, hop_s: float, pad: bool = False
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Cut a clip into pieces of ``length_s``, one beginning every ``hop_s``: from 20 ms frames to windows of seconds.

    Parameters
    ----------
    y
        Samples, shape ``(samples,)``.
    length_s, hop_s
        In seconds, rounded to whole samples; a hop below the length makes them overlap.
    pad
        Fill the last, which the clip's end cuts short, with zeros; else it is left out.

    Returns
    -------
    pieces : float32, shape ``(n, samples)``; ``n`` may be 0
    start_s : float64, shape ``(n,)``: where each begins

    Raises
    ------
    ParameterError
        If ``y`` is not one-dimensional, or length or hop is below one sample.

    >>> pieces, start_s = frames(np.arange(10.0), sr=10, length_s=0.4, hop_s=0.3)
    >>> pieces.shape, start_s
    ((3, 4), array([0. , 0.3, 0.6]))
    """
    y = _one_clip(y)
    length, hop = _samples("length_s", length_s, sr), _samples("hop_s", hop_s, sr)
    if pad and len(y):
        # As many as it takes to reach the end, but none that begins after it.
        count = min(1 + max(0, -(-(len(y) - length) // hop)), -(-len(y) // hop))
        y = np.concatenate([y, np.zeros(max(0, (count - 1) * hop + length - len(y)), dtype=np.float32)])
        y = y[: (count - 1) * hop + length]
    if len(y) < length:
        return np.empty((0, length), dtype=np.float32), np.empty(0)
    pieces = np.lib.stride_tricks.sliding_window_view(y, length)[::hop].copy()
    return pieces, np.arange(len(pieces)) * hop / sr


def beats(y: FloatArray, *, sr: int, per: int = 1) -> tuple[list[npt.NDArray[np.float32]], npt.NDArray[np.float64]]:
    """Cut a clip at every ``per``-th beat that librosa's tracker finds.

    What lies before the first and after the last is left out.

    Parameters
    ----------
    y
        Samples, shape ``(samples,)``.
    per
        Beats in a piece.

    Returns
    -------
    pieces : list of float32 arrays, shape ``(samples,)``, as long as the beats lie apart; empty if there is no beat
    start_s : float64, shape ``(n,)``: where each begins

    Raises
    ------
    ParameterError
        If ``y`` is not one-dimensional or ``per`` is not a whole number.
    MissingDependencyError
        If librosa is not installed.

    Source: Ellis, Beat Tracking by Dynamic Programming (2007).
    """
    check_count("per", per)
    bounds = beat_samples(y, sr=sr)[::per]
    pieces = [_one_clip(y)[a:b].copy() for a, b in pairwise(bounds.tolist())]
    return pieces, bounds[: len(pieces)] / sr


def beat_samples(y: FloatArray, *, sr: int) -> npt.NDArray[np.int64]:
    """Find beats: the sample at which each falls, rising, shape ``(n,)``. Errors as :func:`beats`."""
    y = _one_clip(y)
    check_count("sr", sr)
    librosa = require("librosa", extra="beats")
    if len(y) < 2 or not y.any():
        return np.empty(0, dtype=np.int64)
    # The tracker's strength of onsets is made for frames of 23 ms: at another rate its hop must be another.
    hop = max(1, round(_TRACKER_HOP * sr / _TRACKER_SR))
    n_fft = max(64, 4 * hop)
    strength = librosa.onset.onset_strength(y=y, sr=sr, hop_length=hop, n_fft=n_fft, n_mels=min(128, n_fft // 8))
    _, found = librosa.beat.beat_track(onset_envelope=strength, sr=sr, hop_length=hop)
    at: npt.NDArray[np.int64] = np.asarray(found, dtype=np.int64) * hop
    return at[at < len(y)]


def _one_clip(y: FloatArray) -> npt.NDArray[np.float32]:
    y = np.asarray(y)
    if y.ndim != 1 or not np.issubdtype(y.dtype, np.floating):
        raise ParameterError(f"y must be floating-point samples of shape (samples,). Received {y.dtype} {y.shape}.")
    return y.astype(np.float32, copy=False)


def _samples(name: str, seconds: float, sr: int) -> int:
    check_count("sr", sr)
    if not 0 < seconds < 1e7 or seconds_to_samples(seconds, sr=sr) < 1:
        raise ParameterError(f"{name} must be at least one sample, 1/{sr} s. Received {name}={seconds!r}.")
    return seconds_to_samples(seconds, sr=sr)
