"""A parser and writer of Standard MIDI Files that also reads common deviations from the standard."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from sori.errors import AudioError

_USUAL_TEMPO = 500_000  # microseconds per quarter note (120 quarters a minute), unless the file sets another
_LONGEST_NUMBER, _LATEST_S = 8, 24 * 3600.0  # bytes of a number, of which the standard allows 4; the end of a day
_METRE = b"\xff\x58\x04"  # how a kept event of a time signature begins; one of the tempo has three bytes more than 0xff
_MOST_BEATS = 1_000_000
_DROP_FRAME = 29  # means 30 / 1.001 frames a second
# Data bytes of each kind of channel message, by the upper half of its status byte.
_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}


class Message(NamedTuple):
    """A channel message: its time, track and channel, the upper half of its status byte, and its data bytes."""

    time_s: float
    track: int
    channel: int
    kind: int
    a: int
    b: int


class Song(NamedTuple):
    """What is read of a file.

    ``messages`` are the channel messages in order; ``ends_s`` the end of each track; ``damage`` describes damage, empty
    if none; ``beats`` is a function that returns the second of each beat, by the metres and tempi of the file, and
    whether a bar begins there.
    """

    messages: list[Message]
    ends_s: list[float]
    damage: str
    beats: Callable[[], list[tuple[float, bool]]]


def parse(data: bytes, *, name: str) -> Song:
    """Parse the bytes of a MIDI file.

    A RIFF wrapper, chunks and events unrelated to notes, wrong track counts and lengths, a missing end of track and
    data bytes above 127 (whose highest bit is dropped) are tolerated.

    Parameters
    ----------
    name
        Name of the file, for error messages.

    Raises
    ------
    AudioError
        If the bytes are not MIDI, or their ticks have no duration.

    Source: MIDI Manufacturers Association, Standard MIDI Files 1.0 (1996).
    """
    if data[:4] == b"RIFF":
        data = data[data.find(b"MThd") :] if b"MThd" in data[:4096] else b""
    if data[:4] != b"MThd" or len(data) < 14:
        raise AudioError(f"{name}: not a MIDI file")
    division = int.from_bytes(data[12:14], "big")
    if division & 0x7FFF == 0 or (division & 0x8000 and not division & 255):
        raise AudioError(f"{name}: not readable as MIDI (its division is 0 ticks per quarter note, so it has no times)")
    tracks: list[list[tuple[int, bytes]]] = []
    damage = ""
    at = 8 + int.from_bytes(data[4:8], "big")
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "big")
        if kind == b"MTrk":
            events, whole = _events(data[at + 8 : at + 8 + length])
            tracks.append(events)
            if not whole or at + 8 + length > len(data):
                damage = f"track {len(tracks)} ends too early"
        at += 8 + length
    clock = _Clock(division, [event for events in tracks for event in events])
    for i, events in enumerate(tracks):
        while events and clock(events[-1][0]) > _LATEST_S:
            events.pop()
            damage = f"track {i + 1} has events after {_LATEST_S:g} s"
    messages = [
        Message(clock(tick), i, status & 15, status >> 4, *(byte & 127 for byte in [*event[1:], 0][:2]))
        for i, events in enumerate(tracks)
        for tick, event in events
        if (status := event[0]) < 0xF0
    ]
    ends_s = [clock(events[-1][0]) if events else 0.0 for events in tracks]
    messages.sort(key=lambda message: message.time_s)
    return Song(messages, ends_s, damage, partial(_beats, tracks, division, clock))


def _beats(tracks: Sequence[Sequence[tuple[int, bytes]]], division: int, clock: _Clock) -> list[tuple[float, bool]]:
    """Return the beats up to the last event; of 6/8 and its like, a beat has three eighths."""
    if division & 0x8000:  # ticks are parts of seconds
        return []
    last = max((events[-1][0] for events in tracks if events), default=0)
    metres = sorted(
        ((tick, event[3], event[4]) for events in tracks for tick, event in events if event[:3] == _METRE),
        key=lambda metre: metre[0],
    )
    metres = [(0, 4, 2), *metres] if not metres or metres[0][0] > 0 else metres
    beats: list[tuple[float, bool]] = []
    for i, (begin, count, power) in enumerate(metres):
        end = metres[i + 1][0] if i + 1 < len(metres) else last
        parts = 3 if count > 3 and count % 3 == 0 else 1
        beat = Fraction(4 * division * parts, 2 ** min(power, 8))
        number = 0
        while begin + number * beat < end and len(beats) < _MOST_BEATS:
            beats.append((clock(begin + number * beat), number % max(1, count // parts) == 0))
            number += 1
    return beats


def _events(data: bytes) -> tuple[list[tuple[int, bytes]], bool]:
    """Split a track into ticks and the events that affect notes or time; also return whether the track was complete."""
    events: list[tuple[int, bytes]] = []
    tick, at, running = 0, 0, 0
    try:
        while at < len(data):
            delta, at = _number(data, at)
            tick += delta
            status = data[at]
            if status < 0x80:  # running status: the status byte is that of the previous event
                status = running
            else:
                at += 1
            if status == 0xFF:
                kind = data[at]
                length, at = _number(data, at + 1)
                if kind == 0x51 and length == 3:
                    events.append((tick, b"\xff" + data[at : at + 3]))
                elif kind == 0x58 and length >= 2:
                    events.append((tick, _METRE + data[at : at + 2]))
                elif kind == 0x2F:
                    events.append((tick, b"\xff"))
                    return events, True
                at += length
            elif status in (0xF0, 0xF7):
                length, at = _number(data, at)
                at += length
            elif status >> 4 in _DATA_BYTES:
                running, n = status, _DATA_BYTES[status >> 4]
                if at + n > len(data):
                    return events, False
                events.append((tick, bytes([status]) + data[at : at + n]))
                at += n
            else:  # a data byte without a status, or a message that no file should hold
                at += 1 if status == 0 else 0
    except IndexError:
        return events, False
    return events, True


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of variable length; return it and the position after it."""
    value = 0
    for _ in range(_LONGEST_NUMBER):
        value = value << 7 | data[at] & 127
        at += 1
        if data[at - 1] < 0x80:
            return value, at
    raise IndexError("not a number")


class _Clock:
    """Converts ticks to seconds by the tempi of all tracks."""

    def __init__(self, division: int, events: Iterable[tuple[int, bytes]]) -> None:
        if division & 0x8000:  # frames per second, and ticks per frame
            frames = 256 - (division >> 8)
            rate = 30 / 1.001 if frames == _DROP_FRAME else float(frames)
            self._changes = [(0, 0.0, 1 / (rate * (division & 255)))]
            return
        tempi = [
            (tick, int.from_bytes(event[1:4], "big"))
            for tick, event in events
            if event[:1] == b"\xff" and len(event) == 4
        ]
        tempi.sort(key=lambda change: change[0])  # of several at one tick, the last of the file holds
        self._changes = [(0, 0.0, _USUAL_TEMPO / 1e6 / division)]
        for tick, tempo in tempi:
            since, at_s, tick_s = self._changes[-1]
            self._changes.append((tick, at_s + (tick - since) * tick_s, max(1, tempo) / 1e6 / division))
        self._ticks = [tick for tick, _, _ in self._changes]

    def __call__(self, tick: float | Fraction) -> float:
        """Return the time of a tick."""
        which = 0 if len(self._changes) == 1 else bisect_right(self._ticks, tick) - 1
        since, at_s, tick_s = self._changes[which]
        return at_s + float(tick - since) * tick_s


def compose(events: Sequence[tuple[int, bytes]], *, division: int, name: str) -> bytes:
    """Return the bytes of a MIDI file with one track, at 120 quarters a minute until an event sets another tempo.

    Parameters
    ----------
    events
        Ticks, and channel messages or the events of tempo, metre and key, in order.
    division
        Ticks per quarter note.
    name
        Name of the track.
    """
    title = name.encode()
    body = b"\x00\xff\x51\x03" + _USUAL_TEMPO.to_bytes(3, "big") + b"\x00\xff\x03" + _as_number(len(title)) + title
    before = 0
    for tick, event in events:
        body += _as_number(tick - before) + event
        before = tick
    body += b"\x00\xff\x2f\x00"
    head = (
        b"MThd" + (6).to_bytes(4, "big") + (0).to_bytes(2, "big") + (1).to_bytes(2, "big") + division.to_bytes(2, "big")
    )
    return head + b"MTrk" + len(body).to_bytes(4, "big") + body


def tempo_event(quarter_s: float) -> bytes:
    """Return the event that sets the length of a quarter, in seconds; the format holds it in microseconds."""
    return b"\xff\x51\x03" + min(max(round(1e6 * quarter_s), 1), 2**24 - 1).to_bytes(3, "big")


def metre_event(count: int, unit: int) -> bytes:
    """Return the event that sets the time signature."""
    return b"\xff\x58\x04" + bytes([min(count, 255), unit.bit_length() - 1, 24, 8])


def key_event(fifths: int) -> bytes:
    """Return the event that sets the key signature: sharps, or flats below 0, as in a major key."""
    return b"\xff\x59\x02" + (fifths & 255).to_bytes(1, "big") + b"\x00"


def _as_number(value: int) -> bytes:
    """Encode a number of variable length, seven bits per byte."""
    out = [value & 127]
    while value := value >> 7:
        out.append(value & 127 | 128)
    return bytes(reversed(out))
