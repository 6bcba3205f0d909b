"""Notes, MIDI, and rendering notes as sound."""

from sori.music.instruments import INSTRUMENTS, Instrument, instrument
from sori.music.notebank import NoteBank, notes_array
from sori.music.notes import CHORDS, HIGHEST, KEYS, LOWEST, Note, chord_pitches, parse_pitches
from sori.music.rolls import NoteReader, notes_from, targets

__all__ = [
    "CHORDS",
    "HIGHEST",
    "INSTRUMENTS",
    "KEYS",
    "LOWEST",
    "Instrument",
    "Note",
    "NoteBank",
    "NoteReader",
    "chord_pitches",
    "instrument",
    "notes_array",
    "notes_from",
    "parse_pitches",
    "targets",
]
