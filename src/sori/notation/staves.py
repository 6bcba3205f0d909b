"""Staves: clefs that keep notes near the lines, and octaves written lower or higher where ledger lines pile up."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from sori.music.score import Score


class Clef(Enum):
    """A clef, by the place in steps above C0 of its lowest line."""

    TREBLE = 30  # E4
    BASS = 18  # G2


class Octave(NamedTuple):
    """A stretch that is written an octave lower (shift 1, 8va) or higher (-1, 8vb) than it sounds."""

    begin: Fraction
    end: Fraction
    shift: int


_CHANGE = 9.0  # ledger lines that a change of clef is worth
_FAR, _FARTHEST = 4, 5  # ledger lines: a stretch of notes with as many, one of them with more
_STRETCH = 3  # chords


def _ledgers(line: int, clef: Clef) -> int:
    """Return the number of ledger lines a note needs; below the staff, negative."""
    lowest = clef.value
    if line < lowest - 1:
        return -((lowest - line) // 2)
    return max(0, (line - lowest - 8) // 2)


def clefs(score: Score, staff: int) -> list[tuple[Fraction, Clef]]:
    """Return the clefs of a staff by the bars where they begin, by Viterbi's algorithm over bars."""
    usual = Clef.TREBLE if staff == 1 else Clef.BASS
    choices = (usual, Clef.BASS if staff == 1 else Clef.TREBLE)
    costs = np.zeros((len(score.bars) - 1, 2))
    for note in score.notes:
        if note.staff == staff:
            for k, clef in enumerate(choices):
                costs[score.bar_at(note.onset), k] += min(6, abs(_ledgers(note.spelling.line, clef))) + 0.2 * k
    total, back = costs[0] + [0, 3], []
    for cost in costs[1:]:
        switched = total[::-1] + _CHANGE
        back.append(switched < total)
        total = np.minimum(total, switched) + cost
    k = int(total.argmin())
    chosen = [k]
    for switch in reversed(back):
        k = 1 - k if switch[k] else k
        chosen.append(k)
    chosen.reverse()
    return [(score.bars[i], choices[k]) for i, k in enumerate(chosen) if i == 0 or k != chosen[i - 1]]


def octaves(score: Score, staff: int) -> list[Octave]:
    """Return the stretches of a staff to be written an octave nearer to it."""
    changes = clefs(score, staff)
    chords: dict[Fraction, list[int]] = {}
    ends: dict[Fraction, Fraction] = {}
    for note in score.notes:
        if note.staff == staff and not note.is_grace:
            clef = next(clef for at, clef in reversed(changes) if at <= note.onset)
            chords.setdefault(note.onset, []).append(_ledgers(note.spelling.line, clef))
            ends[note.onset] = max(ends.get(note.onset, note.onset), note.end)
    found: list[Octave] = []
    for shift in (1, -1):
        run: list[Fraction] = []
        for at in [*sorted(chords), None]:
            if (
                at is not None
                and min(shift * n for n in chords[at]) >= _FAR - 2
                and max(shift * n for n in chords[at]) >= _FAR
            ):
                run.append(at)
                continue
            if len(run) >= _STRETCH and max(shift * n for place in run for n in chords[place]) >= _FARTHEST:
                found.append(Octave(run[0], ends[run[-1]], shift))
            run = []
    return sorted(found)
