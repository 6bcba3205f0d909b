"""MV2H: one number for a transcribed score, the mean of five.

Multi-pitch detection, voice separation, metrical alignment, note values and harmony, each 0 to 1. What went wrong in
one of them is not counted again in another: voices are compared among matched notes, values among notes whose voice
goes on rightly. Harmony is the key alone, since our scores have no chord symbols.

Source: A. McLeod and M. Steedman, "Evaluating automatic polyphonic music transcription" (ISMIR 2018).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class TimedNote(NamedTuple):
    """A note: pitch; its onset; onset and offset on the metrical grid; and its voice. Times are in milliseconds."""

    pitch: int
    onset: int
    begin: int
    end: int
    voice: int


@dataclass(frozen=True, kw_only=True)
class Music:
    """What MV2H compares.

    Parameters
    ----------
    groupings
        Beginning and end of every bar, beat and part of a beat, in milliseconds.
    keys
        When each key begins, its tonic (C is 0), and whether it is major.
    """

    notes: Sequence[TimedNote]
    groupings: Sequence[tuple[int, int]] = ()
    keys: Sequence[tuple[int, int, bool]] = ()


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """Differences in milliseconds that do not count: of onsets, of durations, and of the edges of bars and beats."""

    onset: int = 50
    duration: int = 100
    grouping: int = 50


class MV2H(NamedTuple):
    """The five scores; :attr:`mean` is MV2H."""

    pitch: float
    voice: float
    metre: float
    value: float
    harmony: float

    @property
    def mean(self) -> float:
        """Return MV2H."""
        return sum(self) / len(self)


def mv2h(truth: Music, estimate: Music, tolerance: Tolerance | None = None) -> MV2H:
    """Compare an estimate with the truth on one time line."""
    tolerance = tolerance or Tolerance()
    matched = _matches(truth.notes, estimate.notes, tolerance.onset)
    pitch = _f1(len(matched), len(estimate.notes) - len(matched), len(truth.notes) - len(matched))
    voice, checked = _voices(truth, estimate, matched)
    scores = [_value(estimate.notes[i], truth.notes[matched[i]], tolerance.duration) for i in checked]
    return MV2H(
        pitch,
        voice,
        _groupings(truth.groupings, estimate.groupings, tolerance.grouping),
        sum(scores) / len(scores) if scores else 0.0,
        _keys(truth, estimate),
    )


def _f1(hits: float, extra: float, missed: float) -> float:
    return 2 * hits / (2 * hits + extra + missed) if hits else 0.0


def _matches(truth: Sequence[TimedNote], estimate: Sequence[TimedNote], tolerance: int) -> dict[int, int]:
    """Return the true note of each matched note of the estimate, by their numbers."""
    free: dict[int, list[int]] = defaultdict(list)
    for j in sorted(range(len(truth)), key=lambda j: truth[j].onset):
        free[truth[j].pitch].append(j)
    matched: dict[int, int] = {}
    for i in sorted(range(len(estimate)), key=lambda i: (estimate[i].begin, estimate[i].pitch)):
        same = free[estimate[i].pitch]
        found = next((j for j in same if abs(truth[j].onset - estimate[i].onset) <= tolerance), None)
        if found is not None:
            same.remove(found)
            matched[i] = found
    return matched


def _successors(notes: Sequence[TimedNote], chosen: Sequence[int]) -> dict[int, list[int]]:
    """Return the notes that each note leads to in its voice: those at its end, or else at the next onset after it."""
    voices: dict[int, list[int]] = defaultdict(list)
    for i in chosen:
        voices[notes[i].voice].append(i)
    following: dict[int, list[int]] = {}
    for members in voices.values():
        begins: dict[int, list[int]] = defaultdict(list)
        for i in members:
            begins[notes[i].begin].append(i)
        onsets = sorted(begins)
        for i in members:
            later = next((onset for onset in onsets if onset >= notes[i].end and onset > notes[i].begin), None)
            following[i] = [] if later is None else begins[later]
    return following


def _voices(truth: Music, estimate: Music, matched: dict[int, int]) -> tuple[float, list[int]]:
    """Return the F1 of the connections within voices, and the notes whose values are to be compared."""
    ours = _successors(estimate.notes, list(matched))
    theirs = _successors(truth.notes, list(matched.values()))
    theirs_of_all = _successors(truth.notes, range(len(truth.notes)))
    cluster: dict[tuple[int, int, int], int] = defaultdict(int)
    for i in matched:
        cluster[estimate.notes[i].voice, estimate.notes[i].begin, estimate.notes[i].end] += 1
    hits = extra = missed = 0.0
    checked: list[int] = []
    for i, j in matched.items():
        note = estimate.notes[i]
        found, known = {matched[k] for k in ours[i]}, set(theirs[j])
        weight = (len(found) + len(known)) / 2 * cluster[note.voice, note.begin, note.end]
        if weight:
            hits += len(found & known) / weight
            extra += len(found - known) / weight
            missed += len(known - found) / weight
        follows = set(theirs_of_all[j])
        if found & follows or not (found or follows):
            checked.append(i)
    return _f1(hits, extra, missed), checked


def _value(note: TimedNote, known: TimedNote, tolerance: int) -> float:
    length, right = note.end - note.begin, known.end - known.begin
    off = abs(length - right)
    return 1.0 if off <= tolerance else max(0.0, 1 - off / right)


def _groupings(truth: Sequence[tuple[int, int]], estimate: Sequence[tuple[int, int]], tolerance: int) -> float:
    """Return the F1 of bars, beats and their parts that begin and end together."""
    free: dict[int, list[tuple[int, int]]] = defaultdict(list)
    size = max(1, tolerance)
    for one in truth:
        free[one[0] // size].append(one)
    hits = 0
    for begin, end in estimate:
        near = (one for k in (-1, 0, 1) for one in free[begin // size + k])
        found = next((o for o in near if abs(o[0] - begin) <= tolerance and abs(o[1] - end) <= tolerance), None)
        if found is not None:
            free[found[0] // size].remove(found)
            hits += 1
    return _f1(hits, len(estimate) - hits, len(truth) - hits)


def _keys(truth: Music, estimate: Music) -> float:
    """Return the part of the time whose key is right; a fifth off is 0.5, relative 0.3, parallel 0.2."""
    if not truth.keys:
        return 0.0
    last = max((note.end for note in truth.notes), default=0)
    total = 0.0
    for begin, end, tonic, major in _spans(truth.keys, last):
        for other_begin, other_end, other_tonic, other_major in _spans(estimate.keys, last):
            both = min(end, other_end) - max(begin, other_begin)
            if both > 0:
                total += both * _alike(other_tonic, other_major, tonic, major)
    whole = last - truth.keys[0][0]
    return total / whole if whole > 0 else 0.0


def _spans(keys: Sequence[tuple[int, int, bool]], last: int) -> list[tuple[int, int, int, bool]]:
    ends = [*(begin for begin, _, _ in keys[1:]), last][: len(keys)]
    return [(begin, min(end, last), tonic, major) for (begin, tonic, major), end in zip(keys, ends, strict=True)]


def _alike(tonic: int, major: bool, right: int, is_major: bool) -> float:
    if major == is_major:
        return {0: 1.0, 7: 0.5, 5: 0.5}.get((tonic - right) % 12, 0.0)
    if tonic == right:
        return 0.2
    above = (tonic - right) % 12 if major else (right - tonic) % 12
    return 0.3 if above == 3 else 0.0
