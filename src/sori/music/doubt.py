"""Where a recording may be no piano, only what a transcriber is very sure of is believed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# Of a piano, a transcriber is sure: the peaks of its onsets are 0.7 to 0.8 high in the mean of some seconds, soft notes
# and all. Of speech, strings or a saw they are 0.5 to 0.65, so from there on only peaks count that are higher still.
AROUND_S = 4.0
_COUNTED, _SURE, _UNSURE, _HIGHEST = 0.4, 0.68, 0.6, 0.85


def beside(values: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """Return for each of the values ``(frames, ...)`` the one before and the one after it, 0 beyond the ends."""
    edge = np.zeros_like(values[:1])
    return np.concatenate([edge, values[:-1]]), np.concatenate([values[1:], edge])


def is_peak(values: npt.NDArray[np.floating], *, at_least: float | npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Tell the values ``(frames, ...)`` that are as high as said, above the one before and no lower than the next."""
    before, after = beside(values)
    return (values >= at_least) & (values > before) & (values >= after)


def doubted_below(onset: npt.NDArray[np.floating], *, frame_s: float) -> npt.NDArray[np.float64]:
    """Say how high the peak of an onset must be to be believed, in each frame.

    Parameters
    ----------
    onset
        Probabilities ``(frames, keys)``.

    Returns
    -------
    Shape ``(frames,)``: 0 where the peaks within four seconds (those of 0.4 or more) are 0.68 high in the mean, or
    there are none; more where they are lower, up to 0.85 where they are 0.6.

    >>> onset = np.zeros((500, 88)); onset[::50, 30] = 0.9
    >>> doubted_below(onset, frame_s=0.02).max()
    np.float64(0.0)
    >>> doubted_below(onset * 0.6, frame_s=0.02).round(2).min()
    np.float64(0.85)
    """
    peaks = is_peak(onset, at_least=_COUNTED)
    heights = np.concatenate([[0.0], np.cumsum(np.where(peaks, onset, 0.0).sum(axis=1, dtype=np.float64))])
    counts = np.concatenate([[0], np.cumsum(peaks.sum(axis=1))])
    at, around = np.arange(len(onset)), round(AROUND_S / frame_s)
    first, last = np.maximum(0, at - around), np.minimum(len(onset), at + around + 1)
    count = counts[last] - counts[first]
    mean = (heights[last] - heights[first]) / np.maximum(1, count)
    doubt = np.clip((_SURE - mean) / (_SURE - _UNSURE), 0, 1)
    return np.where((count > 0) & (doubt > 0), _COUNTED + doubt * (_HIGHEST - _COUNTED), 0.0)
