"""MIDI files: reading events for a synthesiser, and reading and writing notes."""

from __future__ import annotations

import math
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sori.errors import AudioError, ParameterError
from sori.folders import replacing_file, walk
from sori.music.events import DRUM_CHANNEL, Event, in_order
from sori.music.notes import Note
from sori.music.smf import Message, Song, compose, parse

PEDAL, _PEDAL_DOWN = 64, 64
_NOTE_OFF, _NOTE_ON, _CONTROL, _PROGRAM, _BEND = 0x8, 0x9, 0xB, 0xC, 0xE
_MOST_TICKS = 9_000_000  # the most that MIDI readers accept
_LAST_RINGS_S = 0.5  # length of a note that begins where its track ends and is never released


class _Part(NamedTuple):
    """The part of one channel of one track: its first program, its messages and its notes."""

    is_drums: bool
    program: int
    messages: list[Message]
    notes: list[Note]


def midi_files_in(folder: Path) -> list[str]:
    """List the MIDI files in a folder and its subfolders, by their paths within it."""
    return sorted(name for name, problem in walk(folder) if not problem and name.lower().endswith((".mid", ".midi")))


def read_events(path: Path) -> list[Event]:
    """Read everything that affects the sound of a MIDI file: notes, programs, pedals and other controls, pitch bends.

    Each channel of each track gets a channel of its own; drums share one.

    Raises
    ------
    AudioError
        If the file cannot be read, is not MIDI, or has no notes.
    """
    song = _open(path)
    events: list[Event] = []
    channels = (channel for channel in range(256) if channel % 16 != DRUM_CHANNEL)
    for part in _parts(song):
        channel = DRUM_CHANNEL if part.is_drums else next(channels, None)
        if channel is None:
            raise ParameterError(f"{path}: has more than 240 instruments")
        events.append(Event(0.0, 2, channel, "program", part.program))
        for note in part.notes:
            events.append(Event(note.onset_s, 3, channel, "note_on", note.pitch, note.velocity))
            events.append(Event(note.offset_s, 0, channel, "note_off", note.pitch))
        for time_s, _, _, kind, a, b in part.messages:
            if kind == _CONTROL:
                events.append(Event(time_s, 1, channel, "control", a, b))
            elif kind == _BEND:
                events.append(Event(time_s, 1, channel, "bend", (b << 7 | a) - 8192))
            elif kind == _PROGRAM and time_s > 0:
                events.append(Event(time_s, 1, channel, "program", a))
    _check_notes(any(event.kind == "note_on" for event in events), path, song)
    return in_order(events)


def read_notes(path: Path, *, pedal: bool = False, allow_empty: bool = False) -> list[Note]:
    """Read the notes of a MIDI file, without drums, in the order of their onsets.

    Parameters
    ----------
    pedal
        Extend a note that ends while the sustain pedal is down until the pedal is released or its key is struck again.
    allow_empty
        Return an empty list for a file without notes, instead of raising an error.

    Returns
    -------
    Notes that do not overlap on a key: a note ends where its key is struck again.

    Raises
    ------
    AudioError
        If the file cannot be read, is not MIDI, or has no notes.
    """
    song = _open(path)
    parts = [part for part in _parts(song) if not part.is_drums]
    rows: list[tuple[float, float, int, int]] = []
    # The two hands are often two tracks that share one pedal.
    pedals_of: dict[int, list[tuple[float, bool]]] = {}
    for part in parts:
        pedals_of.setdefault(part.program, []).extend(
            (message.time_s, message.b >= _PEDAL_DOWN)
            for message in part.messages
            if message.kind == _CONTROL and message.a == PEDAL
        )
    for part in parts:
        pedals = sorted(pedals_of[part.program])
        times_s = np.array([time_s for time_s, _ in pedals])
        down = [is_down for _, is_down in pedals]
        last_s = max((note.offset_s for note in part.notes), default=0.0)
        # When the pedal is next released, from each of its messages on; a pedal that never is rings to the last note.
        released_s = [math.inf] * (len(pedals) + 1)
        for i in range(len(pedals) - 1, -1, -1):
            released_s[i] = released_s[i + 1] if down[i] else pedals[i][0]
        for note in part.notes:
            end_s = note.offset_s
            i = int(np.searchsorted(times_s, end_s, side="right")) - 1
            if pedal and i >= 0 and down[i]:
                up_s = released_s[i + 1]
                end_s = max(end_s, last_s) if up_s == math.inf else up_s
            rows.append((note.onset_s, end_s, note.pitch, note.velocity))
    if not allow_empty:
        _check_notes(bool(rows), path, song)
    rows.sort()
    following: dict[int, float] = {}
    notes: list[Note] = []
    for onset_s, offset_s, pitch, velocity in reversed(rows):
        offset_s = min(offset_s, following.get(pitch, offset_s))
        if offset_s > onset_s:
            notes.append(Note(float(onset_s), float(offset_s), pitch, velocity))
            following[pitch] = onset_s
    return notes[::-1]


def write_midi(notes: Iterable[Note], path: Path) -> None:
    """Write notes to a MIDI file with one piano track."""
    ordered = sorted(notes)
    # 960 ticks per quarter note at 120 quarters a minute are steps of half a millisecond. Long files get fewer, since
    # MIDI readers accept a limited number of ticks.
    last_s = max((note.offset_s for note in ordered), default=0.0)
    division = int(max(1, min(960, _MOST_TICKS / (2 * last_s + 1))))
    events: list[tuple[int, int, bytes]] = []
    following: dict[int, float] = {}
    for note in reversed(ordered):  # notes that overlap on a key could not be separated again
        end_s = min(note.offset_s, following.get(note.pitch, note.offset_s))
        if end_s > note.onset_s:
            first, last = (round(2 * division * at_s) for at_s in (note.onset_s, end_s))
            events.append((first, 1, bytes([_NOTE_ON << 4, note.pitch, note.velocity])))
            events.append((max(last, first + 1), 0, bytes([_NOTE_OFF << 4, note.pitch, 64])))
            following[note.pitch] = note.onset_s
    with replacing_file(path) as temporary:
        temporary.write_bytes(
            compose([(tick, event) for tick, _, event in sorted(events)], division=division, name="piano")
        )


def _open(path: Path) -> Song:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AudioError(f"{path}: {error.strerror or 'not readable'}") from error
    song = parse(data, name=str(path))
    if song.damage and any(message.kind == _NOTE_ON for message in song.messages):
        warnings.warn(f"{path}: {song.damage}; only the readable part was used", stacklevel=3)
    return song


def _check_notes(there: bool, path: Path, song: Song) -> None:
    if not there:
        raise AudioError(f"{path}: has no notes{f' ({song.damage})' if song.damage else ''}")


def _parts(song: Song) -> Iterator[_Part]:
    """Yield the part of each channel of each track that has notes or controls."""
    by_part: dict[tuple[int, int], list[Message]] = {}
    for message in song.messages:
        by_part.setdefault((message.track, message.channel), []).append(message)
    for (track, channel), messages in sorted(by_part.items()):
        notes = list(_notes(messages, end_s=song.ends_s[track]))
        first_s = min((note.onset_s for note in notes), default=0.0)
        programs = [m.a for m in messages if m.kind == _PROGRAM and m.time_s <= first_s]
        if notes or any(message.kind == _CONTROL for message in messages):
            yield _Part(channel == DRUM_CHANNEL, programs[-1] if programs else 0, messages, sorted(notes))


def _notes(messages: Iterable[Message], *, end_s: float) -> Iterator[Note]:
    """Pair note-on with note-off messages, first with first; a note that is never released ends with its track."""
    open_keys: dict[int, deque[Message]] = {}
    for message in messages:
        if message.kind == _NOTE_ON and message.b:
            open_keys.setdefault(message.a, deque()).append(message)
        elif message.kind in (_NOTE_ON, _NOTE_OFF) and open_keys.get(message.a):
            struck = open_keys[message.a].popleft()
            if message.time_s > struck.time_s:
                yield Note(struck.time_s, message.time_s, struck.a, struck.b)
    for struck in (message for keys in open_keys.values() for message in keys):
        until_s = end_s if end_s > struck.time_s else struck.time_s + _LAST_RINGS_S
        yield Note(struck.time_s, until_s, struck.a, struck.b)
