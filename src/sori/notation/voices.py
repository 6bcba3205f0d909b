"""Voices: which notes of a hand follow one another on one stem's side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from sori.music.score import ScoreNote

MOST = 2  # voices in a hand


@dataclass
class _Voice:
    end: Fraction = Fraction(-1)
    pitch: float = 0.0
    chords: list[list[ScoreNote]] = field(default_factory=list)


def separate_voices(notes: Sequence[ScoreNote], *, most: int = MOST) -> list[ScoreNote]:
    """Give each note of a hand a voice; a chord of a voice begins and ends together, and none overlaps the next.

    A note that would need one voice more ends where the next one of its voice begins. The upper voice is the first.
    """
    by_onset: dict[Fraction, list[ScoreNote]] = defaultdict(list)
    for note in notes:
        if not note.is_grace:
            by_onset[note.onset].append(note)
    voices = [_Voice() for _ in range(most)]
    for at, together in sorted(by_onset.items()):
        chords = _chords(together, most)
        busy = [voice for voice in voices if voice.end > at]
        if len(busy) + len(chords) > most:  # too many at once: what sounds longest after its stroke ends here
            for voice in sorted(busy, key=lambda voice: voice.end - at)[: len(busy) + len(chords) - most]:
                voice.chords[-1] = [replace(note, length=at - note.onset) for note in voice.chords[-1]]
                voice.end = at
        _assign(chords, voices, at)
    found = [
        replace(note, voice=number)
        for number, voice in enumerate(voices, 1)
        for chord in voice.chords
        for note in chord
    ]
    graces = [note for note in notes if note.is_grace]
    of = {(note.onset, note.pitch): note.voice for note in found}
    first = {note.onset: note.voice for note in reversed(found)}
    found += [replace(note, voice=of.get((note.onset, note.pitch), first.get(note.onset, 1))) for note in graces]
    return sorted(found)


def _chords(together: Sequence[ScoreNote], most: int) -> list[list[ScoreNote]]:
    """Return the chords that begin together, the upper first: notes of one length, as many chords as voices."""
    by_length: dict[Fraction, list[ScoreNote]] = defaultdict(list)
    for note in together:
        by_length[note.length].append(note)
    while len(by_length) > most:  # the two lengths nearest to each other become the shorter
        lengths = sorted(by_length)
        _ratio, i = min((lengths[i + 1] / lengths[i], i) for i in range(len(lengths) - 1))
        by_length[lengths[i]] += [replace(note, length=lengths[i]) for note in by_length.pop(lengths[i + 1])]
    return sorted(by_length.values(), key=lambda chord: -sum(note.pitch for note in chord) / len(chord))


def _assign(chords: Sequence[list[ScoreNote]], voices: Sequence[_Voice], at: Fraction) -> None:
    free = [i for i, voice in enumerate(voices) if voice.end <= at]
    if len(chords) == 1 and len(free) == len(voices):
        chosen = [0]  # nothing sounds beside it
    elif len(chords) == 1:
        busy = next(voice for voice in voices if voice.end > at)
        upper = sum(note.pitch for note in chords[0]) / len(chords[0]) > busy.pitch
        chosen = [min(free) if upper else max(free)]
        if upper and chosen[0] > voices.index(busy):  # the sounding one was alone, and is the lower one now
            _swap(voices, chosen[0], voices.index(busy), at)
            chosen = [voices.index(next(voice for voice in voices if voice.end <= at))]
    else:
        chosen = free[: len(chords)]
    for i, chord in zip(chosen, chords, strict=True):
        voices[i].chords.append(chord)
        voices[i].end = at + chord[0].length
        voices[i].pitch = sum(note.pitch for note in chord) / len(chord)


def _swap(voices: Sequence[_Voice], a: int, b: int, at: Fraction) -> None:
    """Move the chord that sounds in one voice to the other, where that one is free since its onset."""
    chord = voices[b].chords[-1]
    if voices[a].end <= chord[0].onset:
        voices[b].chords.pop()
        voices[a].chords.append(chord)
        voices[a].end, voices[a].pitch = voices[b].end, voices[b].pitch
        before = voices[b].chords[-1] if voices[b].chords else None
        voices[b].end = before[0].end if before else Fraction(-1)
