"""Higher onset thresholds where a recording may not be a piano."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# On a piano the mean height of a transcriber's onset peaks over a few seconds is 0.7 to 0.8, soft notes included. On
# speech, strings or a saw it is 0.5 to 0.65; where the mean is that low, only higher peaks count.
AROUND_S = 4.0
_COUNTED, _SURE, _UNSURE, _HIGHEST = 0.4, 0.68, 0.6, 0.85
# A key that is struck again this soon has a lower peak, since its string rings; that says nothing about the instrument.
_AGAIN_S = 0.25


def beside(values: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """Return the previous and the next value of each of ``values`` ``(frames, ...)``, 0 beyond the ends."""
    edge = np.zeros_like(values[:1])
    return np.concatenate([edge, values[:-1]]), np.concatenate([values[1:], edge])


def is_peak(values: npt.NDArray[np.floating], *, at_least: float | npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Mark the values ``(frames, ...)`` that reach ``at_least``, exceed the previous one and are not below the next."""
    before, after = beside(values)
    return (values >= at_least) & (values > before) & (values >= after)


def doubted_below(onset: npt.NDArray[np.floating], *, frame_s: float) -> npt.NDArray[np.float64]:
    """Return the height that the peak of an onset must have to be accepted, for each frame.

    Parameters
    ----------
    onset
        Probabilities ``(frames, keys)``.

    Returns
    -------
    Shape ``(frames,)``: 0 where the mean height of the peaks within four seconds (those of 0.4 or more) is at least
    0.68, or there are none; more where it is lower, up to 0.85 at a mean of 0.6 or below. A peak that soon follows
    another of the same key is not counted.

    >>> onset = np.zeros((500, 88)); onset[::50, 30] = 0.9
    >>> doubted_below(onset, frame_s=0.02).max()
    np.float64(0.0)
    >>> doubted_below(onset * 0.6, frame_s=0.02).round(2).min()
    np.float64(0.85)
    """
    peaks = _first_strokes(is_peak(onset, at_least=_COUNTED), within=round(_AGAIN_S / frame_s))
    heights = np.concatenate([[0.0], np.cumsum(np.where(peaks, onset, 0.0).sum(axis=1, dtype=np.float64))])
    counts = np.concatenate([[0], np.cumsum(peaks.sum(axis=1))])
    at, around = np.arange(len(onset)), round(AROUND_S / frame_s)
    first, last = np.maximum(0, at - around), np.minimum(len(onset), at + around + 1)
    count = counts[last] - counts[first]
    mean = (heights[last] - heights[first]) / np.maximum(1, count)
    doubt = np.clip((_SURE - mean) / (_SURE - _UNSURE), 0, 1)
    return np.where((count > 0) & (doubt > 0), _COUNTED + doubt * (_HIGHEST - _COUNTED), 0.0)


def _first_strokes(peaks: npt.NDArray[np.bool_], *, within: int) -> npt.NDArray[np.bool_]:
    """Return the peaks ``(frames, keys)`` that no other of the same key precedes within so many frames.

    >>> _first_strokes(np.array([[True], [False], [True], [False], [False], [True]]), within=2)[:, 0].tolist()
    [True, False, False, False, False, True]
    """
    frame, key = np.nonzero(peaks.T)[::-1]
    again = np.zeros(len(frame), dtype=bool)
    again[1:] = (key[1:] == key[:-1]) & (np.diff(frame) <= within)
    first = peaks.copy()
    first[frame[again], key[again]] = False
    return first
