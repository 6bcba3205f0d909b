"""What a synthesiser is told, and when: keys, pedals, programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sori.music.notes import Note

DRUM_CHANNEL = 9  # of every sixteen


@dataclass(frozen=True)
class Event:
    """Something to tell the synthesiser: ``kind`` is note_off, control, bend, program or note_on.

    Of those at one time, the lower ``order`` comes first; of one order, they stay as they are given, since one control
    may say what the next one means.
    """

    time_s: float
    order: int
    channel: int
    kind: str
    a: int
    b: int = 0


def in_order(events: Iterable[Event]) -> list[Event]:
    """Sort events by time and order, those of one order staying as they are."""
    return sorted(events, key=lambda event: (event.time_s, event.order))


def notes_to_events(notes: Iterable[Note], *, channel: int = 0) -> list[Event]:
    """Key presses and releases of notes."""
    return [
        event
        for note in notes
        for event in (
            Event(note.onset_s, 3, channel, "note_on", note.pitch, note.velocity),
            Event(note.offset_s, 0, channel, "note_off", note.pitch),
        )
    ]
