"""Basic Pitch, a small network for any instrument: the ONNX file of its package, and the reading of its notes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sori.errors import package_folder
from sori.music import KEYS, LOWEST, Note
from sori.sessions import onnx_session

_SR, _HOP, _WINDOW = 22050, 256, 43844
# Frames of a window, and those at either end that have too little context; the next window gives them.
_FRAMES, _EDGE = 172, 15
_ONSET, _SOUNDING = 0.5, 0.3
# Frames in a row below the threshold that end a note, and frames that a note must exceed.
_SILENT, _SHORTEST = 11, 11
_BATCH = 8
_OUTPUTS = ("StatefulPartitionedCall:2", "StatefulPartitionedCall:1")  # onsets, sounding notes
_Roll = npt.NDArray[np.float32]


class BasicPitch:
    """Basic Pitch as a transcription engine; of its package, only the weights are used.

    Sources: Bittner et al., A Lightweight Instrument-Agnostic Model for Polyphonic Note Transcription and Multipitch
    Estimation (2022); the package ``basic-pitch`` (Apache-2.0).

    Raises
    ------
    MissingDependencyError
        If the package is not installed.
    """

    sr = _SR

    def __init__(self) -> None:
        folder = package_folder("basic_pitch", name="basic-pitch", how="pip install --no-deps basic-pitch")
        self._session = onnx_session(folder / "saved_models" / "icassp_2022" / "nmp.onnx")

    def __call__(self, y: npt.NDArray[np.float32]) -> list[Note]:
        """Return the notes of a clip ``(samples,)`` at 22,050 Hz; their velocities are mean activations."""
        return _notes(*self._rolls(y)) if len(y) else []

    def _rolls(self, y: npt.NDArray[np.float32]) -> tuple[_Roll, _Roll, npt.NDArray[np.float64]]:
        """Return activations ``(frames, 88)`` of onsets and of sounding notes, and the time of each frame in seconds.

        Windows start a whole number of samples apart that is no whole number of frames, so frames of neighbouring
        windows may lie closer together than others.
        """
        step = _WINDOW - 2 * _EDGE * _HOP
        early = _EDGE * _HOP
        starts = np.arange(0, len(y), step)
        padded = np.pad(np.asarray(y, dtype=np.float32), (early, _WINDOW))
        given = self._session.get_inputs()[0].name
        parts: list[list[_Roll]] = []
        for first in range(0, len(starts), _BATCH):
            windows = np.stack([padded[at : at + _WINDOW] for at in starts[first : first + _BATCH]])
            rolls = self._session.run(_OUTPUTS, {given: windows[..., np.newaxis]})
            parts.append([roll[:, _EDGE : _FRAMES - _EDGE].reshape(-1, KEYS) for roll in rolls])
        frames = np.arange(_EDGE, _FRAMES - _EDGE) * _HOP - early
        times = ((starts[:, np.newaxis] + frames) / self.sr).reshape(-1)
        inside = times < len(y) / self.sr
        onset, sounding = (np.concatenate(rolls)[inside] for rolls in zip(*parts, strict=True))
        return onset, sounding, times[inside]


def _notes(onset: _Roll, sounding: _Roll, times: npt.NDArray[np.float64]) -> list[Note]:
    """Read notes: from each onset until the key is silent, then from what else sounds, loudest first."""
    frames = len(times)
    onset = np.maximum(onset, _rises(sounding) * (onset.max() / max(1e-9, float(_rises(sounding).max()))))
    left = sounding.copy()
    found: list[tuple[int, int, int]] = []

    def until(t: int, key: int, step: int) -> int:
        """Return the last frame, forwards or backwards from ``t``, before the key is silent."""
        silent, last = 0, t
        while 0 < t + step < frames - 1 and silent < _SILENT:
            t += step
            silent = silent + 1 if left[t, key] < _SOUNDING else 0
            last = t if not silent else last
        return last

    def take(begin: int, end: int, key: int) -> None:
        """Keep a note that is long enough, and remove it and what it excites in the keys beside it."""
        if end - begin > _SHORTEST:
            found.append((begin, end, key))

    peaks = np.zeros(onset.shape, dtype=bool)
    peaks[1:-1] = (onset[1:-1] > onset[:-2]) & (onset[1:-1] > onset[2:]) & (onset[1:-1] >= _ONSET)
    for t, key in np.argwhere(peaks)[::-1]:
        end = until(t, key, 1) + 1
        take(t, end, key)
        if end - t > _SHORTEST:
            left[t:end, max(0, key - 1) : key + 2] = 0
    loud = np.argwhere(left > _SOUNDING)
    for t, key in loud[np.argsort(-left[tuple(loud.T)], kind="stable")]:
        if left[t, key] > _SOUNDING:
            begin, end = until(t, key, -1), until(t, key, 1)
            left[max(0, begin - _SILENT) : end + _SILENT + 1, max(0, key - 1) : key + 2] = 0
            take(begin, end, key)
    return sorted(
        Note(
            float(max(0.0, times[begin])),
            float(times[min(end, frames - 1)]),
            LOWEST + int(key),
            int(np.clip(round(127 * float(sounding[begin:end, key].mean())), 1, 127)),
        )
        for begin, end, key in found
        if times[min(end, frames - 1)] > max(0.0, times[begin])
    )


def _rises(sounding: _Roll) -> _Roll:
    """Return how much each value exceeds both that of the frame before and that of two frames before."""
    rises = np.zeros_like(sounding)
    rises[2:] = np.maximum(0, np.minimum(sounding[2:] - sounding[1:-1], sounding[2:] - sounding[:-2]))
    return rises
