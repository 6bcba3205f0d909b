"""Played notes as frames in time: what the rhythm network reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sori.music.notes import HIGHEST, KEYS, LOWEST, Note, notes_array

FRAME_S = 0.02  # of a place where a beat may be
_PAIR = 2  # frames that the network reads in one step
STEP_S = _PAIR * FRAME_S
WIDTH = (_PAIR + 1) * KEYS
OUTPUTS = 2 * _PAIR  # whether a beat is in each frame of a step, and whether a bar begins there
LEAD_S = 2.0  # of silence before the first note, since a first beat may be silent


def frames(notes: Sequence[Note] | npt.NDArray[np.float64], *, steps: int | None = None) -> npt.NDArray[np.float32]:
    """Return the strokes of every key in each half of a step, and the keys that sound, shape ``(steps, WIDTH)``.

    A stroke is 0.4 to 1 by its velocity. Notes outside the piano's keys are moved into it by octaves.

    >>> from sori.music import Note
    >>> frames([Note(0.0, 0.5, 60, 127)]).shape
    (63, 264)
    """
    rows = notes_array(notes)
    last_s = float(rows[:, 1].max(initial=0.0))
    steps = steps or int(np.ceil(last_s / STEP_S)) + 50
    x = np.zeros((steps, WIDTH), dtype=np.float32)
    if not len(rows):
        return x
    keys = rows[:, 2].astype(np.int64)
    keys = np.where(keys < LOWEST, keys + 12 * -((keys - LOWEST) // 12), keys)
    keys = np.where(keys > HIGHEST, keys - 12 * ((keys - HIGHEST + 11) // 12), keys) - LOWEST
    frame = np.round(rows[:, 0] / FRAME_S).astype(np.int64)
    until = np.minimum(np.ceil(rows[:, 1] / STEP_S).astype(np.int64), steps)
    inside = (frame >= 0) & (frame < _PAIR * steps)
    strength = (0.4 + 0.6 * rows[:, 3] / 127).astype(np.float32)
    for i in np.flatnonzero(inside):
        step, half = divmod(int(frame[i]), _PAIR)
        column = half * KEYS + keys[i]
        x[step, column] = max(x[step, column], strength[i])
        x[step : until[i], _PAIR * KEYS + keys[i]] = 1
    return x
