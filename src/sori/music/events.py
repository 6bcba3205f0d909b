"""Timed events for a synthesiser: keys, pedals, programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sori.music.notes import Note

DRUM_CHANNEL = 9  # of every sixteen


@dataclass(frozen=True)
class Event:
    """An event for the synthesiser: ``kind`` is note_off, control, bend, program or note_on.

    Events at the same time are sorted by ``order``; events of the same order keep their sequence, since one control may
    define the meaning of the next.
    """

    time_s: float
    order: int
    channel: int
    kind: str
    a: int
    b: int = 0


def in_order(events: Iterable[Event]) -> list[Event]:
    """Sort events by time and order; events of the same order keep their sequence."""
    return sorted(events, key=lambda event: (event.time_s, event.order))


def notes_to_events(notes: Iterable[Note], *, channel: int = 0) -> list[Event]:
    """Return the key presses and releases of notes."""
    return [
        event
        for note in notes
        for event in (
            Event(note.onset_s, 3, channel, "note_on", note.pitch, note.velocity),
            Event(note.offset_s, 0, channel, "note_off", note.pitch),
        )
    ]
