"""Notes as matrices over frames and keys, and back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sori.music.notebank import KEYS
from sori.music.notes import LOWEST

# An onset is a peak this wide on either side: over several frames its exact time can be told between them.
PEAK_S = 0.05


def targets(notes: npt.NDArray[np.float64], *, frames: int, frame_s: float) -> npt.NDArray[np.float32]:
    """Say what a transcriber should, of each frame and key.

    Parameters
    ----------
    notes
        Rows of onset and offset in seconds, pitch and velocity, shape ``(notes, 4)``. They may begin before the first
        frame and end after the last.
    frames
        Number of frames; frame ``t`` is the instant ``t * frame_s``.

    Returns
    -------
    float32, shape ``(frames, 88, 4)``: onset (1 at its exact time, falling to 0 on either side over 50 ms), sounding
    (0 or 1), offset (as onset), and velocity of 0 to 1 while the onset is above 0.

    Source: Kong et al., High-resolution Piano Transcription with Pedals by Regressing Onset and Offset Times (2021).

    >>> targets(np.array([[0.03, 0.1, 21, 127]]), frames=6, frame_s=0.02)[:, 0, 0].round(1)
    array([0.4, 0.8, 0.8, 0.4, 0. , 0. ], dtype=float32)
    """
    out = np.zeros((frames, KEYS, 4), dtype=np.float32)
    reach = int(np.ceil(PEAK_S / frame_s))
    for onset_s, offset_s, pitch, velocity in notes:
        key = int(pitch) - LOWEST
        for channel, at_s in ((0, onset_s), (2, offset_s)):
            middle = round(at_s / frame_s)
            near = np.arange(max(0, middle - reach), min(frames, middle + reach + 1))
            peak = 1 - np.abs(near * frame_s - at_s) / PEAK_S
            near, peak = near[peak > 0], peak[peak > 0].astype(np.float32)
            if channel == 0:
                higher = peak >= out[near, key, 0]
                out[near[higher], key, 3] = velocity / 127
            out[near, key, channel] = np.maximum(out[near, key, channel], peak)
        first, last = max(0, int(np.ceil(onset_s / frame_s))), min(frames, int(np.ceil(offset_s / frame_s)))
        out[first:last, key, 1] = 1
    return out


def notes_from(
    posteriors: npt.NDArray[np.floating],
    *,
    frame_s: float,
    threshold: float = 0.4,
    sounding: float = 0.4,
    min_note_s: float = 0.03,
) -> npt.NDArray[np.float64]:
    """Read notes from what a transcriber says: the inverse of :func:`targets`.

    A note begins at a peak of its onset, whose time is told from the slopes beside it, and ends where it no longer
    sounds, at a peak of its offset after which it sounds less, or where its key is struck again.

    Parameters
    ----------
    posteriors
        Probabilities and velocities, shape ``(frames, 88, 4)``.
    threshold
        Of an onset's peak.
    sounding
        Below it a note has ended.
    min_note_s
        Shorter notes are left out.

    Returns
    -------
    Rows of onset and offset in seconds, pitch and velocity, shape ``(notes, 4)``, by onset.
    """
    onset = np.asarray(posteriors[..., 0], dtype=np.float32)
    frames = len(onset)
    before = np.vstack([np.zeros((1, KEYS), np.float32), onset[:-1]])
    after = np.vstack([onset[1:], np.zeros((1, KEYS), np.float32)])
    is_peak = (onset >= threshold) & (onset > before) & (onset >= after)
    rows = []
    for key in np.flatnonzero(is_peak.any(axis=0)):
        at = np.flatnonzero(is_peak[:, key])
        silent = np.append(np.flatnonzero(posteriors[:, key, 1] < sounding), frames)
        ends = np.append(_offset_peaks(posteriors[:, key, 2]), frames)
        for i, t in enumerate(at):
            a, b, c = before[t, key], onset[t, key], after[t, key]
            shift = (c - a) / (2 * max(b - min(a, c), 1e-6))
            following = at[i + 1] if i + 1 < len(at) else frames
            begin = t + shift
            still = silent[np.searchsorted(silent, t + 2)]
            let_go = ends[np.searchsorted(ends, t + 2)]
            # An offset counts if the sound is gone soon after it.
            end = let_go if let_go <= still <= let_go + 5 else still
            end = min(float(end), float(following))
            if (end - begin) * frame_s >= min_note_s:
                velocity = float(np.clip(round(127 * float(posteriors[t, key, 3])), 1, 127))
                rows.append((max(0.0, begin * frame_s), end * frame_s, LOWEST + key, velocity))
    return np.array(sorted(rows), dtype=np.float64).reshape(-1, 4)


def _offset_peaks(offset: npt.NDArray[np.floating]) -> npt.NDArray[np.intp]:
    middle = offset[1:-1]
    return 1 + np.flatnonzero((middle >= 0.3) & (middle > offset[:-2]) & (middle >= offset[2:]))
