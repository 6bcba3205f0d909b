"""Notes, MIDI, and rendering notes as sound."""

from sori.music.instruments import INSTRUMENTS, Instrument, instrument
from sori.music.notes import CHORDS, Note, chord_pitches, parse_pitches

__all__ = ["CHORDS", "INSTRUMENTS", "Instrument", "Note", "chord_pitches", "instrument", "parse_pitches"]
