"""Notes, MIDI, and rendering notes as sound."""

from sori.music.instruments import INSTRUMENTS, Instrument, instrument
from sori.music.notes import CHORDS, HIGHEST, LOWEST, Note, chord_pitches, parse_pitches

__all__ = [
    "CHORDS",
    "HIGHEST",
    "INSTRUMENTS",
    "LOWEST",
    "Instrument",
    "Note",
    "chord_pitches",
    "instrument",
    "parse_pitches",
]
