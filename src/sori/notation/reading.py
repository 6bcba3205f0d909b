"""Reading notes in metre as a musician does: the hand that plays each, the key, and the names of the notes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sori.bundle.pretrained import NOTATION
from sori.music.notes import HIGHEST, KEYS, LOWEST
from sori.sessions import onnx_session, run

_Floats = npt.NDArray[np.float32]
_Ints = npt.NDArray[np.int64]

_GAPS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)  # quarters between an onset and the one before, at which a bin begins
WIDTH = KEYS + 12 + 2 * len(_GAPS) + 4
HAND, KEY, SPELLING = slice(0, 1), slice(1, 13), slice(13, 16)
OUTPUTS = 16
_CROSSING = 6.0  # log odds by which hands that cross must be likelier
_KEY_CHANGE = 80.0  # log odds of another key from bar to bar
_MOST_NOTES = 6.0  # of a bar that count in full


def note_features(onset: npt.NDArray[np.float64], length: npt.NDArray[np.float64], pitch: _Ints) -> _Floats:
    """Return what the reading network sees of notes in the order of onset and pitch, shape ``(notes, WIDTH)``.

    Parameters
    ----------
    onset, length
        In quarters.
    pitch
        MIDI numbers.
    """
    n = len(pitch)
    x = np.zeros((n, WIDTH), dtype=np.float32)
    if not n:
        return x
    rows = np.arange(n)
    x[rows, np.clip(pitch, LOWEST, HIGHEST) - LOWEST] = 1
    x[rows, KEYS + pitch % 12] = 1
    at = KEYS + 12
    gap = np.diff(onset, prepend=onset[0])
    x[rows, at + np.searchsorted(_GAPS, gap + 1e-6, side="right") - 1] = 1
    at += len(_GAPS)
    x[rows, at + np.clip(np.searchsorted(_GAPS, length + 1e-6, side="right") - 1, 0, None)] = 1
    at += len(_GAPS)
    same = gap[1:] < 1e-6
    x[1:, at] = same  # a note of the chord is below it
    x[:-1, at + 1] = same  # and above it
    x[:, at + 2] = (pitch - 60) / 24
    x[:, at + 3] = np.clip(np.log2(np.maximum(length, 1 / 32)) / 4, -1, 1)
    return x


def spelling_class(fifths: _Ints, key: _Ints) -> _Ints:
    """Return 0, 1 or 2: whether a note is spelled below, within or above the twelve usual names of a key.

    The usual ones reach from the lowered second to the raised fourth: five fifths below its tonic to six above.

    >>> spelling_class(np.array([7, -5, -6]), np.array([0, 0, 0]))
    array([2, 1, 0])
    """
    return np.asarray(np.clip((fifths - key + 5) // 12, -1, 1) + 1)


def spelled(pitch: _Ints, key: _Ints, kind: _Ints) -> _Ints:
    """Return the place on the line of fifths of each note, from its class: see :func:`spelling_class`.

    >>> spelled(np.array([61, 61]), np.array([0, 0]), np.array([1, 2]))
    array([-5,  7])
    """
    usual = (7 * pitch - key + 5) % 12 - 5
    return np.asarray(usual + key + 12 * (kind - 1))


class Read(NamedTuple):
    """What was read: the hand of each note (1 right, 2 left), the key in fifths of each bar, each note's spelling."""

    hand: _Ints
    keys: _Ints
    fifths: _Ints


@lru_cache(maxsize=1)
def _network() -> Any:
    return onnx_session(NOTATION / "reading.onnx")


def sight_read(
    onset: npt.NDArray[np.float64], length: npt.NDArray[np.float64], pitch: _Ints, bar: _Ints, *, key: int | None = None
) -> Read:
    """Read notes in the order of onset and pitch.

    Parameters
    ----------
    onset, length
        In quarters.
    bar
        Number of the bar of each note, from 0.
    key
        The key of the whole piece in fifths, if it is known.
    """
    logits = run(_network(), note_features(onset, length, pitch)[None])[0].astype(np.float64)
    bars = int(bar.max(initial=-1)) + 1
    keys = key_of_bars(logits[:, KEY], bar, bars) if key is None else np.full(bars, key)
    kind = logits[:, SPELLING].argmax(axis=1)
    return Read(hands(logits[:, HAND][:, 0], onset, pitch), keys, spelled(pitch, keys[bar], kind))


def hands(left: npt.NDArray[np.float64], onset: npt.NDArray[np.float64], pitch: _Ints) -> _Ints:
    """Return 1 or 2 for each note: at each onset, the lower notes are the left hand's, unless it is surely otherwise.

    Parameters
    ----------
    left
        Log odds of the left hand.
    """
    hand = np.ones(len(pitch), dtype=np.int64)
    edges = np.flatnonzero(np.diff(onset, prepend=np.nan) != 0)
    for begin, end in zip(edges, [*edges[1:], len(pitch)], strict=True):
        odds = left[begin:end]  # from the lowest note to the highest
        gains = np.concatenate([[0.0], np.cumsum(odds)])  # of giving the lowest k notes to the left hand
        k = int(gains.argmax())
        crossed = float(np.maximum(odds, 0).sum())
        hand[begin : begin + k] = 2
        if crossed > gains[k] + _CROSSING:
            hand[begin:end] = np.where(odds > 0, 2, 1)
    return hand


def key_of_bars(logits: npt.NDArray[np.float64], bar: _Ints, bars: int) -> _Ints:
    """Return the key of each bar in fifths, -5 to 6 or its equal with fewer accidentals, changing seldom.

    Parameters
    ----------
    logits
        Of each of the twelve keys, fifths modulo 12, at each note.
    """
    scores = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    total = np.zeros((bars, 12))
    np.add.at(total, bar, scores)
    count = np.bincount(bar, minlength=bars)[:, None]
    total *= np.minimum(1.0, _MOST_NOTES / np.maximum(count, 1))
    best, back = total[0], []
    for row in total[1:]:
        stay, switch = best, best.max() - _KEY_CHANGE
        back.append((best.argmax(), switch > stay))
        best = np.maximum(stay, switch) + row
    k = int(best.argmax())
    chosen = [k]
    for before, switched in reversed(back):
        k = int(before) if switched[k] else k
        chosen.append(k)
    return np.array([(fifths + 5) % 12 - 5 for fifths in reversed(chosen)])
