"""Finding the beats of a performance."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sori.bundle.pretrained import NOTATION
from sori.errors import AudioError, ParameterError, reason
from sori.music.notes import Note, notes_array
from sori.notation.beats import Beats, BeatTracking, track_beats
from sori.notation.frames import FRAME_S, LEAD_S, OUTPUTS, frames
from sori.sessions import onnx_session, run

_Floats = npt.NDArray[np.float64]

# In training a beat counted several times as much as a moment without one; this takes it back.
_TRAINED_ODDS = 6.0
_NEAR, _PEAK = 2, 0.2  # frames to either side that are one place, and how much the likeliest of them counts
_SNAP_S = 0.05  # a beat this near to a chord is where the chord is
_BLOCK, _MARGIN = 12_000, 1_200  # steps that are computed at once, and that are dropped at their edges


@lru_cache(maxsize=1)
def _network() -> Any:
    return onnx_session(NOTATION / "rhythm.onnx")


def beat_odds(notes: Sequence[Note] | _Floats) -> tuple[_Floats, _Floats]:
    """Return the log odds of a beat in each frame of 20 ms from the time 0, and that a bar begins with it.

    A beat that the network puts into one of five frames, but surely into one of them, is as sure in each; the likeliest
    has slightly more.
    """
    x = frames(notes)
    logits = np.empty((len(x), OUTPUTS), dtype=np.float32)
    for begin in range(0, len(x), _BLOCK):
        low, high = max(0, begin - _MARGIN), min(len(x), begin + _BLOCK + _MARGIN)
        found = run(_network(), x[None, low:high])[0]
        logits[begin : begin + _BLOCK] = found[begin - low : begin - low + _BLOCK]
    p = 1 / (1 + np.exp(np.log(_TRAINED_ODDS) - logits.reshape(-1, 2).astype(np.float64)))
    near = np.stack([np.convolve(column, np.ones(2 * _NEAR + 1), "same") for column in p.T])
    beat, bar = np.clip(near, 1e-4, 0.99)
    first = np.clip(bar / beat, 0.02, 0.98)
    odds = np.log(beat / (1 - beat)) + _PEAK * np.log(np.maximum(p[:, 0], 1e-5) / beat * (_NEAR + 0.5))
    return odds, np.log(first / (1 - first))


def find_beats(notes: Sequence[Note] | _Floats, tracking: BeatTracking | None = None) -> Beats:
    """Find beats and bars in played notes.

    Notes without a regular beat get one all the same; fewer than three notes get beats of half a second.

    Parameters
    ----------
    notes
        Notes, or rows of onset and offset in seconds, pitch and velocity.
    """
    rows = notes_array(notes)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    if len(rows) < 3:
        return even_beats(rows, tracking)
    shift = LEAD_S - rows[0, 0]
    moved = rows.copy()
    moved[:, :2] += shift
    at, places, counts = track_beats(*beat_odds(moved), tracking)
    if len(at) < 2:
        return even_beats(rows, tracking)
    seconds = _snapped((at * FRAME_S).astype(np.float64), moved[:, 0]) - shift
    return Beats(seconds=seconds, places=places, counts=counts)


def even_beats(rows: _Floats, tracking: BeatTracking | None = None) -> Beats:
    """Return beats of half a second, or as near to it as the tempo may be, in bars of four, from the first note on."""
    tracking = tracking or BeatTracking()
    low, high = tracking.tempo
    step_s = 60 / float(np.clip(120.0, low, high))
    begin_s = float(rows[:, 0].min()) if len(rows) else 0.0
    last_s = float(rows[:, 1].max(initial=begin_s))
    count = max(2, int(np.ceil((last_s - begin_s) / step_s)) + 1)
    most = 4 if 4 in tracking.beats_in_bar else tracking.beats_in_bar[0]
    number = np.arange(count)
    return Beats(
        seconds=(begin_s + step_s * number).astype(np.float64), places=number % most, counts=np.full(count, most)
    )


def _snapped(seconds: _Floats, onset_s: _Floats) -> _Floats:
    """Move beats to the middle of the chords that are struck there, since frames are coarse."""
    moved = seconds.copy()
    for i, at_s in enumerate(seconds):
        low, high = np.searchsorted(onset_s, [at_s - _SNAP_S, at_s + _SNAP_S])
        if high > low:
            near = onset_s[low:high]
            nearest = near[np.abs(near - at_s).argmin()]
            moved[i] = near[np.abs(near - nearest) < _SNAP_S / 2].mean()
    keep = np.concatenate([[True], np.diff(moved) > FRAME_S])
    return np.where(keep, moved, seconds)


def read_beats(path: Path) -> Beats:
    """Read beats from a text file: on each line a time in seconds and the place in the bar, 1 where a bar begins.

    Instead of the place, ``db`` (downbeat) and ``b`` may stand, at the end of the line.

    Raises
    ------
    AudioError
        If the file cannot be read, or has fewer than two beats.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AudioError(f"{path}: {reason(error)}") from error
    seconds: list[float] = []
    is_first: list[bool] = []
    for number, line in enumerate(lines, 1):
        words = line.replace(",", " ").split()
        if not words or words[0].startswith("#"):
            continue
        try:
            at_s = float(words[0])
            label = words[-1] if len(words) > 1 and words[-1] in ("b", "db") else words[1] if len(words) > 1 else "b"
            first = label == "db" or (label != "b" and not label.startswith("b") and float(label) == 1)
        except ValueError as error:
            raise AudioError(f"{path}: line {number} is not a time and a place in the bar, as in: 1.25 1") from error
        if seconds and at_s <= seconds[-1]:
            raise AudioError(f"{path}: line {number}: times must increase")
        seconds.append(at_s)
        is_first.append(first)
    if len(seconds) < 2:
        raise AudioError(f"{path}: has fewer than two beats")
    return beats_from(np.array(seconds), np.array(is_first))


def beats_from(seconds: _Floats, is_first: npt.NDArray[np.bool_]) -> Beats:
    """Return beats from their times and whether a bar begins at each."""
    begins = np.flatnonzero(is_first)
    if not len(begins):
        raise ParameterError("beats need at least one that begins a bar.", "beats")
    lengths = np.diff(begins)
    places, counts = np.zeros(len(seconds), dtype=np.int64), np.zeros(len(seconds), dtype=np.int64)
    usual = int(np.bincount(lengths).argmax()) if len(lengths) else max(begins[0], len(seconds) - begins[0])
    for begin, length in zip(begins, [*lengths, usual], strict=True):
        part = slice(int(begin), int(begin + length))
        places[part] = np.arange(length)[: len(places[part])]
        counts[part] = length
    rest = int(begins[-1]) + usual
    places[rest:] = np.arange(len(places[rest:])) % usual
    counts[rest:] = usual
    first = int(begins[0])
    counts[:first] = usual if first <= usual else first
    places[:first] = np.arange(first) + counts[0] - first if first <= counts[0] else 0
    return Beats(seconds=seconds, places=places, counts=counts)
