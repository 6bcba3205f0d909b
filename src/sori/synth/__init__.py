"""Synthesis of notes: SoundFonts, sums of partials, random string models, note banks, and performances on them."""

from sori.synth.instruments import INSTRUMENTS, Instrument, instrument
from sori.synth.notebank import NoteBank
from sori.synth.performances import MATERIALS, Clip, Performance, Playing, draw_clip, in_a_room, mixed

__all__ = [
    "INSTRUMENTS",
    "MATERIALS",
    "Clip",
    "Instrument",
    "NoteBank",
    "Performance",
    "Playing",
    "draw_clip",
    "in_a_room",
    "instrument",
    "mixed",
]
