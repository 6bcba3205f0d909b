"""MIDI files as events for a synthesiser."""

from __future__ import annotations

from pathlib import Path

from sori.errors import AudioError, ParameterError, reason, require
from sori.music.soundfont import DRUM_CHANNEL, Event, in_order


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
    pretty_midi = require("pretty_midi", extra="synth")
    try:
        with path.open("rb") as file:
            if file.read(4) not in (b"MThd", b"RIFF"):
                raise AudioError(f"{path}: not a MIDI file")
        song = pretty_midi.PrettyMIDI(str(path))
    except OSError as error:
        raise AudioError(f"{path}: {error.strerror or 'not readable as MIDI (it ends too early)'}") from error
    except AudioError:
        raise
    except Exception as error:  # mido raises what it likes at a file that is damaged
        raise AudioError(f"{path}: not readable as MIDI ({reason(error)})") from error
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
