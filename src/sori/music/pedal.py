"""What the sustain pedal does to notes: they ring until it is released, or until their key is struck again."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from sori.music.notes import Note


def ring_until(ends_s: npt.ArrayLike, pedals: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return until when notes ring whose keys are released at ``ends_s``.

    Parameters
    ----------
    pedals
        Times in seconds at which the pedal goes down and up, shape ``(n, 2)``, in order and not overlapping.

    >>> ring_until([0.5, 1.5, 2.0], [[1.0, 2.0]])
    array([0.5, 2. , 2. ])
    """
    ends_s = np.asarray(ends_s, dtype=np.float64)
    down_s, up_s = np.asarray(pedals, dtype=np.float64).reshape(-1, 2).T
    last = np.searchsorted(down_s, ends_s, side="right") - 1
    under = last >= 0
    rings_s = ends_s.copy()
    rings_s[under] = np.maximum(ends_s[under], up_s[last[under]])
    return rings_s


def cut_at_strokes(notes: Iterable[Note]) -> list[Note]:
    """Return notes, in order, of which each ends where its key is struck again; of equal onsets, the last remains.

    >>> [(n.onset_s, n.offset_s) for n in cut_at_strokes([Note(0.0, 2.0, 60, 80), Note(1.0, 3.0, 60, 80)])]
    [(0.0, 1.0), (1.0, 3.0)]
    """
    following: dict[int, float] = {}
    kept: list[Note] = []
    for note in sorted(notes, reverse=True):
        end_s = min(note.offset_s, following.get(note.pitch, note.offset_s))
        if end_s > note.onset_s:
            kept.append(Note(note.onset_s, end_s, note.pitch, note.velocity))
            following[note.pitch] = note.onset_s
    return kept[::-1]
