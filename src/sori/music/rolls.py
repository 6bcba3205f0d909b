"""Notes as matrices over frames and keys: the target output of a transcriber."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sori.music.notes import KEYS, LOWEST

# An onset is a peak this wide on either side. It spans several frames, so its time can be interpolated between them.
PEAK_S = 0.05


def targets(notes: npt.NDArray[np.float64], *, frames: int, frame_s: float) -> npt.NDArray[np.float32]:
    """Return the target output of a transcriber for each frame and key.

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
        first, last = (int(np.clip(np.ceil(at_s / frame_s), 0, frames)) for at_s in (onset_s, offset_s))
        out[first:last, key, 1] = 1
    return out


def pedal_roll(pedals: npt.NDArray[np.float64], *, frames: int, frame_s: float) -> npt.NDArray[np.float32]:
    """Return whether the sustain pedal is down (1) or up (0) in each frame, shape ``(frames,)``.

    Parameters
    ----------
    pedals
        Times in seconds at which it goes down and up, shape ``(n, 2)``.

    >>> pedal_roll(np.array([[0.03, 0.08]]), frames=6, frame_s=0.02)
    array([0., 0., 1., 1., 0., 0.], dtype=float32)
    """
    out = np.zeros(frames, dtype=np.float32)
    for down_s, up_s in pedals:
        first, last = (int(np.clip(np.ceil(at_s / frame_s), 0, frames)) for at_s in (down_s, up_s))
        out[first:last] = 1
    return out
