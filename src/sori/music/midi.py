"""MIDI files: reading events for a synthesiser, and reading and writing notes."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sori.errors import AudioError, ParameterError
from sori.folders import replacing_file, walk
from sori.music.events import DRUM_CHANNEL, Event, in_order
from sori.music.notes import Note
from sori.music.pedal import as_keys, cut_at_strokes, ringing
from sori.music.smf import Message, Song, compose, parse

MIDI_ENDINGS = (".mid", ".midi")
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
    return sorted(name for name, problem in walk(folder) if not problem and name.lower().endswith(MIDI_ENDINGS))


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


def read_notes(
    path: Path, *, pedal: bool = False, allow_empty: bool = False, instruments: Sequence[int] = ()
) -> list[Note]:
    """Read the notes of a MIDI file, without drums, in the order of their onsets.

    Parameters
    ----------
    pedal
        Extend a note that ends while the sustain pedal is down until the pedal is released or its key is struck again.
    allow_empty
        Return an empty list for a file without notes, instead of raising an error.
    instruments
        Numbers of the instruments to read, from 1 in the order of tracks and channels; none: all.

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
    if instruments:
        playing = [part for part in parts if part.notes]
        if not all(1 <= number <= len(playing) for number in instruments):
            raise ParameterError(
                f"{path}: has instruments 1 to {len(playing)}. Received {', '.join(map(str, instruments))}.",
                "instruments",
            )
        parts = [playing[number - 1] for number in dict.fromkeys(instruments)]
    notes: list[Note] = []
    # The two hands are often two tracks that share one pedal.
    presses: dict[int, list[tuple[float, bool]]] = {}
    for part in parts:
        presses.setdefault(part.program, []).extend(_presses(part))
    for part in parts:
        if pedal and part.notes:
            last_s = max(note.offset_s for note in part.notes)
            notes += ringing(part.notes, _pedals(presses[part.program], last_s=last_s))
        else:
            notes += part.notes
    if not allow_empty:
        _check_notes(bool(notes), path, song)
    return cut_at_strokes(notes)


def read_pedals(path: Path) -> npt.NDArray[np.float64]:
    """Read when the sustain pedal of a MIDI file goes down and up, in seconds, shape ``(n, 2)``.

    Raises
    ------
    AudioError
        If the file cannot be read or is not MIDI.
    """
    parts = [part for part in _parts(_open(path)) if not part.is_drums]
    last_s = max((note.offset_s for part in parts for note in part.notes), default=0.0)
    return _pedals((press for part in parts for press in _presses(part)), last_s=last_s)


def read_beats(path: Path) -> list[tuple[float, bool]]:
    """Read the beats of a MIDI file's metres and tempi: the second of each, and whether a bar begins there.

    Raises
    ------
    AudioError
        If the file cannot be read or is not MIDI.
    """
    return _open(path).beats()


def _presses(part: _Part) -> Iterator[tuple[float, bool]]:
    """Yield the messages of the sustain pedal: when, and whether it is down."""
    for message in part.messages:
        if message.kind == _CONTROL and message.a == PEDAL:
            yield message.time_s, message.b >= _PEDAL_DOWN


def _pedals(presses: Iterable[tuple[float, bool]], *, last_s: float) -> npt.NDArray[np.float64]:
    """Return when a pedal goes down and up, from its messages; one that is never released rings to the last note."""
    rows: list[list[float]] = []
    is_down = False
    for time_s, down in sorted(presses):
        if down and not is_down:
            rows.append([time_s, max(time_s, last_s)])
        elif is_down and not down:
            rows[-1][1] = time_s
        is_down = down
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def write_midi(notes: Iterable[Note], path: Path, *, pedals: npt.ArrayLike = ()) -> None:
    """Write notes to a MIDI file with one piano track.

    Parameters
    ----------
    pedals
        Times in seconds at which the sustain pedal goes down and up, shape ``(n, 2)``.
    """
    ordered = cut_at_strokes(notes)  # notes that overlap on a key could not be separated again
    # 960 ticks per quarter note at 120 quarters a minute are steps of half a millisecond. Long files get fewer, since
    # MIDI readers accept a limited number of ticks.
    presses = np.asarray(pedals, dtype=np.float64).reshape(-1, 2)
    last_s = max((note.offset_s for note in ordered), default=float(presses.max(initial=0.0)))
    division = int(max(1, min(960, _MOST_TICKS / (2 * last_s + 1))))
    events = note_events(ordered, presses, lambda at_s: round(2 * division * at_s))
    write_events(events, path, division=division)


def write_events(events: Iterable[tuple[int, int, bytes]], path: Path, *, division: int) -> None:
    """Write events, each with its tick and its order among others there, as one piano track."""
    with replacing_file(path) as temporary:
        temporary.write_bytes(
            compose([(tick, event) for tick, _, event in sorted(events)], division=division, name="piano")
        )


def note_events(
    notes: Iterable[Note], pedals: npt.ArrayLike, tick: Callable[[float], int]
) -> list[tuple[int, int, bytes]]:
    """Return the messages of notes and pedals: the tick of each, its order among others there, and its bytes."""
    events: list[tuple[int, int, bytes]] = []
    for note in cut_at_strokes(notes):
        first, last = tick(note.onset_s), tick(note.offset_s)
        events.append((first, 1, bytes([_NOTE_ON << 4, note.pitch, note.velocity])))
        events.append((max(last, first + 1), 0, bytes([_NOTE_OFF << 4, note.pitch, 64])))
    for press in np.asarray(pedals, dtype=np.float64).reshape(-1, 2).tolist():
        for at_s, value in zip(press, (127, 0), strict=True):
            events.append((tick(at_s), 0, bytes([_CONTROL << 4, PEDAL, value])))
    return events


def write_played(notes: Iterable[Note], pedals: npt.ArrayLike, path: Path) -> None:
    """Write notes, as long as they sound, as they were played: keys that are held, and the sustain pedal.

    Without ``pedals``, keys are held as long as the notes sound.
    """
    write_midi(as_keys(notes, pedals), path, pedals=pedals)


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
