"""Music as symbols: notes, chords, MIDI files, and matrices of notes over frames and keys."""

from sori.music.notes import CHORDS, HIGHEST, KEYS, LOWEST, Note, chord_pitches, notes_array, parse_band, parse_pitches
from sori.music.rolls import targets

__all__ = [
    "CHORDS",
    "HIGHEST",
    "KEYS",
    "LOWEST",
    "Note",
    "chord_pitches",
    "notes_array",
    "parse_band",
    "parse_pitches",
    "targets",
]
