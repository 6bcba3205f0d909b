"""MIDI with beats and bars: a performance with a map of its tempo, or the score on its grid."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sori.music.midi import note_events, write_events
from sori.music.notes import Note
from sori.music.score import Metre, Score
from sori.music.smf import key_event, metre_event, tempo_event

_DIVISION = 960  # ticks per quarter
_GRACE = Fraction(1, 8)  # quarters that a grace note takes


def write_performed(score: Score, notes: Sequence[Note], pedals: npt.ArrayLike, path: Path) -> None:
    """Write notes as they were played, with tempo and time signatures that put beats and bars where they are.

    What comes before the first beat is a bar of its own.
    """
    marked = score.beats()
    seconds = np.interp([float(at) for at, _ in marked], [float(at) for at in score.places], score.seconds)
    beats = [(s, at) for s, (at, _) in zip(seconds.tolist(), marked, strict=True) if s > 1e-3]
    end_s = max([score.seconds[-1], *(note.offset_s for note in notes)])
    ticks, times, meta = _tempo_map(score, beats, end_s)

    def tick(at_s: float) -> int:
        return round(float(np.interp(at_s, times, ticks)))

    events = note_events(notes, pedals, tick)
    write_events(meta + events, path, division=_DIVISION)


def _tempo_map(
    score: Score, beats: Sequence[tuple[float, Fraction]], end_s: float
) -> tuple[list[int], list[float], list[tuple[int, int, bytes]]]:
    """Return ticks and the seconds they are at, and the events of tempo, metre and key."""
    first_s, first_at = beats[0] if beats else (0.0, Fraction(0))
    metre = score.metre_at(first_at)
    lead = 0
    if first_s > 0:  # whole beats as long as the first one, or nearly
        usual_s = (beats[1][0] - first_s) if len(beats) > 1 else 0.5
        lead = max(1, round(first_s / usual_s))
    unit = int(metre.beat * _DIVISION)
    ticks, times = [0], [0.0]
    meta: list[tuple[int, int, bytes]] = [(0, -2, key_event(score.key_at(first_at).fifths))]
    if lead:
        meta.append((0, -3, tempo_event(first_s / (lead * float(metre.beat)))))
        meta.append((0, -2, _metre(lead * metre.beat, metre)))
        ticks.append(lead * unit)
        times.append(first_s)
    bars = set(score.bars)
    shown: bytes | None = None
    for i, (at_s, at) in enumerate(beats):
        metre = score.metre_at(at)
        until_s = beats[i + 1][0] if i + 1 < len(beats) else max(end_s, at_s + 0.3)
        meta.append((ticks[-1], -3, tempo_event((until_s - at_s) / float(metre.beat))))
        if i == 0 or at in bars:
            after = score.bars[score.bar_at(at) + 1]
            event = _metre(after - at, metre)
            if event != shown:
                meta.append((ticks[-1], -2, event))
            shown = event
            if i and score.key_at(at) != score.key_at(score.bars[score.bar_at(at) - 1]):
                meta.append((ticks[-1], -2, key_event(score.key_at(at).fifths)))
        ticks.append(ticks[-1] + int(metre.beat * _DIVISION))
        times.append(until_s)
    return ticks, times, meta


def _metre(length: Fraction, metre: Metre) -> bytes:
    """Return the event of a bar of some length, in the unit of a metre."""
    if length == metre.bar:
        return metre_event(metre.count, metre.unit)
    count = length * metre.unit / 4
    unit = metre.unit
    while count.denominator > 1 and unit < 64:
        count, unit = count * 2, unit * 2
    return metre_event(max(1, int(count)), unit)


def write_quantised(score: Score, path: Path) -> None:
    """Write the printed notes on their grid, at the printed tempo."""
    tempo = next((mark.text for mark in score.marks if mark.kind == "tempo"), "|1|120").split("|")
    per_quarter_s = 60 / (float(tempo[2]) * float(Fraction(tempo[1])))
    meta: list[tuple[int, int, bytes]] = [(0, -3, tempo_event(per_quarter_s))]
    for i, (begin, end) in enumerate(zip(score.bars[:-1], score.bars[1:], strict=True)):
        event = _metre(end - begin, score.metre_at(begin))
        before = _metre(begin - score.bars[i - 1], score.metre_at(score.bars[i - 1])) if i else None
        if event != before:
            meta.append((int(begin * _DIVISION), -2, event))
    meta += [(int(at * _DIVISION), -2, key_event(key.fifths)) for at, key in score.keys]
    notes: list[Note] = []
    for note in score.notes:
        onset = max(Fraction(0), note.onset - (_GRACE if note.is_grace else 0))
        end = note.onset if note.is_grace else note.onset + note.length * (Fraction(1, 2) if note.is_staccato else 1)
        notes.append(Note(float(onset), float(max(end, onset + Fraction(1, 32))), note.pitch, note.velocity or 80))
    pedals = [(float(mark.at), float(mark.until)) for mark in score.marks if mark.kind == "pedal" and mark.until]
    events = note_events(notes, pedals, lambda quarters: round(quarters * _DIVISION))
    write_events(meta + events, path, division=_DIVISION)
