"""What the sustain pedal does to notes: they ring until it is released, or until their key is struck again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

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


def ringing(notes: Iterable[Note], pedals: npt.ArrayLike) -> list[Note]:
    """Return notes, of which those whose keys are released under the pedal end with its release.

    >>> [note.offset_s for note in ringing([Note(0.0, 0.5, 60, 80), Note(0.0, 1.5, 64, 80)], [[1.0, 2.0]])]
    [0.5, 2.0]
    """
    held = list(notes)
    ends_s = ring_until([note.offset_s for note in held], pedals)
    return [replace(note, offset_s=float(end_s)) for note, end_s in zip(held, ends_s, strict=True)]


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


# A note that ends this close to a release of the pedal was ended by it; its key is held until a note is struck within
# this many semitones, as by the same hand; and keys are released at least this long before the pedal and after it.
_BY_THE_PEDAL_S, _HAND, _BEFORE_S = 0.1, 12, 0.03


def as_keys(notes: Iterable[Note], pedals: npt.ArrayLike) -> list[Note]:
    """Return notes as long as their keys are held: the inverse of :func:`ringing`.

    When a key is released under the pedal cannot be heard. It is put where the hand next strikes, if the pedal is down
    by then.

    Parameters
    ----------
    notes
        Notes as long as they sound.
    pedals
        Times in seconds at which the pedal goes down and up, shape ``(n, 2)``, in order and not overlapping.

    >>> held = as_keys([Note(0.0, 2.0, 60, 80), Note(0.5, 2.0, 64, 80)], [[0.2, 2.0]])
    >>> [(note.onset_s, note.offset_s) for note in held]
    [(0.0, 0.5), (0.5, 1.97)]
    """
    presses = np.asarray(pedals, dtype=np.float64).reshape(-1, 2)
    ordered = sorted(notes)
    if not len(presses):
        return ordered
    onsets = np.array([note.onset_s for note in ordered])
    pitches = np.array([note.pitch for note in ordered])
    held = []
    for note in ordered:
        down_s, up_s = presses[int(np.abs(presses[:, 1] - note.offset_s).argmin())].tolist()
        if abs(up_s - note.offset_s) < _BY_THE_PEDAL_S and down_s < up_s - 2 * _BEFORE_S:
            first = int(np.searchsorted(onsets, note.onset_s + _BEFORE_S))
            last = int(np.searchsorted(onsets, note.offset_s))
            by_the_hand = np.flatnonzero(np.abs(pitches[first:last] - note.pitch) <= _HAND)
            next_s = float(onsets[first + by_the_hand[0]]) if len(by_the_hand) else up_s
            end_s = min(max(next_s, down_s + _BEFORE_S), up_s - _BEFORE_S)
            note = replace(note, offset_s=end_s) if end_s > note.onset_s + _BEFORE_S else note
        held.append(note)
    return held


def rung(notes: Iterable[Note], pedals: npt.ArrayLike) -> list[Note]:
    """Return notes that end while the pedal is down, or about when it is released, as ending with its release.

    The pedal tells better than each note when they end: on the validation recordings of the network that ships, F1 with
    offset is 0.779 instead of 0.762.

    Parameters
    ----------
    notes
        Notes as long as they sound, heard one by one.
    pedals
        Times in seconds at which the pedal goes down and up, shape ``(n, 2)``, in order and not overlapping.

    >>> [note.offset_s for note in rung([Note(0.0, 1.9, 60, 80), Note(0.5, 2.05, 64, 80)], [[0.2, 2.0]])]
    [2.0, 2.0]
    """
    return cut_at_strokes(ringing(as_keys(notes, pedals), pedals))


def pedals_of(
    down: npt.NDArray[np.floating], *, frame_s: float, threshold: float = 0.2, shortest_s: float = 0.1
) -> tuple[tuple[float, float], ...]:
    """Read when the pedal goes down and up from the probability that it is down in each frame, ``(frames,)``.

    Times are interpolated between the frames around the threshold; shorter presses are left out. The threshold is the
    one with which notes of the validation recordings sound longest right: people press less than the performances
    that the network that ships learned from.

    >>> pedals_of(np.array([0, 0, 1, 1, 1, 1, 1, 1, 0, 0]), frame_s=0.02)
    ((0.024, 0.156),)
    """
    p = np.concatenate([[0.0], np.asarray(down, dtype=np.float64), [0.0]])
    is_down = p >= threshold
    crossed = np.flatnonzero(is_down[1:] != is_down[:-1])
    at = crossed + (threshold - p[crossed]) / (p[crossed + 1] - p[crossed])
    rows = np.clip(at - 1, 0, max(0, len(p) - 3)).reshape(-1, 2) * frame_s
    return tuple((down_s, up_s) for down_s, up_s in rows.round(6).tolist() if up_s - down_s >= shortest_s)
