"""MIDI files: events for a synthesiser, and notes in and out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from sori.errors import AudioError, ParameterError, reason, require
from sori.folders import replacing_file
from sori.music.events import DRUM_CHANNEL, Event, in_order
from sori.music.notes import Note

PEDAL, _PEDAL_DOWN = 64, 64
_MOST_TICKS = 9_000_000


def read_events(path: Path) -> list[Event]:
    """Read everything that sounds in a MIDI file: notes, programs, pedals and other controls, pitch bends.

    Each track and program gets a channel of its own; drums share one.

    Raises
    ------
    AudioError
        If the file cannot be read, is not MIDI, or has no notes.
    MissingDependencyError
        If pretty_midi is not installed.
    """
    song = _open(path)
    events: list[Event] = []
    channels = (channel for channel in range(256) if channel % 16 != DRUM_CHANNEL)
    for track in song.instruments:
        channel = DRUM_CHANNEL if track.is_drum else next(channels, None)
        if channel is None:
            raise ParameterError(f"{path}: has more than 240 instruments")
        events.append(Event(0.0, 2, channel, "program", track.program))
        for note in track.notes:
            if note.velocity and note.end > note.start:
                events.append(Event(note.start, 3, channel, "note_on", note.pitch, note.velocity))
                events.append(Event(note.end, 0, channel, "note_off", note.pitch))
        events += [Event(c.time, 1, channel, "control", c.number, c.value) for c in track.control_changes]
        events += [Event(bend.time, 1, channel, "bend", bend.pitch) for bend in track.pitch_bends]
    if not any(event.kind == "note_on" for event in events):
        raise AudioError(f"{path}: has no notes")
    return in_order(events)


def read_notes(path: Path, *, pedal: bool = False, allow_empty: bool = False) -> list[Note]:
    """Read the notes of a MIDI file, drums left out, in the order of their onsets.

    Parameters
    ----------
    pedal
        A note that ends while the sustain pedal is down sounds on until the pedal comes up, or its key is struck again.
    allow_empty
        Return no notes, if there are none, instead of refusing the file.

    Returns
    -------
    Notes that do not overlap on one key: one that is struck again while it sounds ends there.

    Raises
    ------
    AudioError
        If the file cannot be read, is not MIDI, or has no notes.
    MissingDependencyError
        If pretty_midi is not installed.
    """
    rows: list[tuple[float, float, int, int]] = []
    tracks = [track for track in _open(path).instruments if not track.is_drum]
    for track in tracks:
        # Two hands are often two tracks with one pedal.
        pedals = sorted(
            (c.time, c.value >= _PEDAL_DOWN)
            for other in tracks
            if other.program == track.program
            for c in other.control_changes
            if c.number == PEDAL
        )
        times_s = np.array([time_s for time_s, _ in pedals])
        down = [is_down for _, is_down in pedals]
        for note in track.notes:
            end_s = note.end
            i = int(np.searchsorted(times_s, end_s, side="right")) - 1
            if pedal and i >= 0 and down[i]:
                up = next((time_s for time_s, is_down in pedals[i + 1 :] if not is_down), None)
                end_s = max(end_s, max(note.end for note in track.notes)) if up is None else up
            if note.velocity and end_s > note.start:
                rows.append((note.start, end_s, note.pitch, note.velocity))
    if not rows and not allow_empty:
        raise AudioError(f"{path}: has no notes")
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
    """Write notes as a MIDI file of one piano.

    Raises
    ------
    MissingDependencyError
        If pretty_midi is not installed.
    """
    pretty_midi = require("pretty_midi", extra="piano")
    ordered = sorted(notes)
    # 960 ticks a quarter note at 120 beats a minute, steps of half a millisecond, unless more would come to be than
    # readers of MIDI believe in.
    last_s = max((note.offset_s for note in ordered), default=0.0)
    song = pretty_midi.PrettyMIDI(resolution=int(max(1, min(960, _MOST_TICKS / (2 * last_s + 1)))))
    piano = pretty_midi.Instrument(0, name="piano")
    following: dict[int, float] = {}
    for note in reversed(ordered):  # two that overlap on a key could not be told apart again
        end_s = min(note.offset_s, following.get(note.pitch, note.offset_s))
        if end_s > note.onset_s:
            piano.notes.append(pretty_midi.Note(note.velocity, note.pitch, note.onset_s, end_s))
            following[note.pitch] = note.onset_s
    piano.notes.reverse()
    song.instruments.append(piano)
    with replacing_file(path) as temporary:
        song.write(str(temporary))


def _open(path: Path) -> Any:
    pretty_midi = require("pretty_midi", extra="piano")
    try:
        with path.open("rb") as file:
            if file.read(4) != b"MThd":
                raise AudioError(f"{path}: not a MIDI file")
        song = pretty_midi.PrettyMIDI(str(path))
    except OSError as error:
        raise AudioError(f"{path}: {error.strerror or 'not readable as MIDI (it ends too early)'}") from error
    except AudioError:
        raise
    except Exception as error:  # mido raises what it likes at a file that is damaged
        raise AudioError(f"{path}: not readable as MIDI ({reason(error)})") from error
    return song
