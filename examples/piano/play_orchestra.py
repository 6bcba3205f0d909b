"""Play pieces on other instruments than a piano, so that a transcriber learns not to hear them.

    python examples/piano/play_orchestra.py PERFORMANCES OUT --soundfont FluidR3_GM.sf2 --composers pop909,lied

PERFORMANCES is a folder of MIDI files with a ``manifest.csv`` of file and composer; OUT gets recordings of 20 s, each
of an ensemble (strings, brass, choir, organ), an orchestra that shares the notes out by pitch, a band with bass and
drums, or a melody alone. Random choices are seeded by the number of the recording.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

from sori import audio
from sori.music import notes_array
from sori.music.events import DRUM_CHANNEL, Event
from sori.music.midi import read_notes
from sori.synth.soundfont import Reverb, SoundFontSynth

SR, DURATION_S = 16000, 20.0
# General MIDI programs.
ENSEMBLES = (48, 48, 49, 44, 45, 61, 52, 19, 16, 21)
LOW, MIDDLE, HIGH = (42, 43, 70, 58), (48, 41, 60, 71), (40, 40, 73, 68, 56)
BASSES, CHORDS = (32, 33, 34, 35, 36), (24, 25, 27, 29, 16, 48)
MELODIES = (40, 41, 42, 56, 57, 60, 65, 66, 68, 71, 73, 78)
KICK, SNARE, HAT, CRASH = 36, 38, 42, 49


def main() -> None:
    """Write the recordings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("performances", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--soundfont", type=Path, required=True)
    parser.add_argument("--composers", required=True, help="whose pieces, comma-separated")
    parser.add_argument("--count", type=int, default=180)
    given = parser.parse_args()
    with (given.performances / "manifest.csv").open(encoding="utf-8") as table:
        files = sorted(row["file"] for row in csv.DictReader(table) if row["composer"] in given.composers.split(","))
    given.out.mkdir(parents=True, exist_ok=True)
    kinds = (ensemble, orchestra, band, melody)
    for i in range(given.count):
        rng = np.random.default_rng((909, i))
        notes = passage(given.performances / files[int(rng.integers(len(files)))], rng)
        kind = kinds[i % len(kinds)]
        with SoundFontSynth(given.soundfont, sr=SR, tuning_hz=rng.uniform(436, 446), reverb=room(rng)) as synth:
            y = synth.play(kind(notes, rng), at_most_s=DURATION_S)
        if np.abs(y).max() > 1e-3:
            audio.save(given.out / f"{i:03d}-{kind.__name__}.flac", 0.5 * y / np.abs(y).max(), sr=SR)


def passage(path: Path, rng: np.random.Generator) -> np.ndarray:
    """Return the notes that begin within some 20 s of a piece, as keys are held: onset, offset, pitch, velocity."""
    notes = notes_array(read_notes(path, pedal=False))
    begin_s = rng.uniform(0, max(0.0, notes[-1, 0] - DURATION_S))
    notes = notes[(notes[:, 0] >= begin_s) & (notes[:, 0] < begin_s + DURATION_S)]
    notes[:, :2] -= begin_s
    return notes


def room(rng: np.random.Generator) -> Reverb | None:
    """Draw a room, or none."""
    return None if rng.random() < 0.3 else Reverb(rng.uniform(0.2, 0.9), 0.3, 10, rng.uniform(0.1, 0.6))


def played(notes: np.ndarray, program: int, channel: int, *, longer: float = 1.0) -> list[Event]:
    """Play notes on an instrument, each ``longer`` times as long."""
    events = [Event(0.0, 1, channel, "program", program)]
    for onset_s, offset_s, pitch, velocity in notes:
        end_s = onset_s + longer * (offset_s - onset_s)
        events.append(Event(onset_s, 3, channel, "note_on", int(pitch), int(velocity)))
        events.append(Event(end_s, 0, channel, "note_off", int(pitch)))
    return events


def extreme(notes: np.ndarray, side: int) -> np.ndarray:
    """Return which notes are the highest (1) or lowest (-1) of those that begin within 50 ms of them."""
    pitch, onset_s = side * notes[:, 2], notes[:, 0]
    near = np.abs(onset_s[:, np.newaxis] - onset_s) < 0.05
    return pitch >= np.where(near, pitch, -np.inf).max(axis=1)


def ensemble(notes: np.ndarray, rng: np.random.Generator) -> list[Event]:
    """Play all notes on one program, often longer than they were held."""
    return played(notes, int(rng.choice(ENSEMBLES)), 0, longer=rng.uniform(0.8, 2.0))


def orchestra(notes: np.ndarray, rng: np.random.Generator) -> list[Event]:
    """Share the notes out by pitch to three instruments, with strings throughout in half of the recordings."""
    top, bottom = extreme(notes, 1), extreme(notes, -1)
    parts = ((bottom & ~top, LOW), (~bottom & ~top, MIDDLE), (top, HIGH))
    events = [
        event
        for channel, (which, programs) in enumerate(parts)
        for event in played(notes[which], int(rng.choice(programs)), channel, longer=rng.uniform(0.8, 1.6))
    ]
    return events + (played(notes, 48, 3, longer=1.2) if rng.random() < 0.5 else [])


def band(notes: np.ndarray, rng: np.random.Generator) -> list[Event]:
    """Play the lowest notes on a bass, with drums; in half of the recordings, the others on a guitar or an organ."""
    low = notes[extreme(notes, -1)].copy()
    low[:, 2] = 28 + (low[:, 2] - 28) % 24
    events = played(low, int(rng.choice(BASSES)), 0)
    if rng.random() < 0.5:
        events += played(notes[~extreme(notes, -1)], int(rng.choice(CHORDS)), 1)
    events.append(Event(0.0, 1, DRUM_CHANNEL, "program", 0))
    step_s = 60 / rng.uniform(80, 170) / 2
    for i, at_s in enumerate(np.arange(0.05, DURATION_S, step_s)):
        drums = [HAT] * (rng.random() < 0.9) + [KICK] * (i % 4 == 0 or rng.random() < 0.15) + [SNARE] * (i % 4 == 2)
        drums += [CRASH] * (i % 32 == 0)
        for drum in drums:
            events.append(Event(float(at_s), 3, DRUM_CHANNEL, "note_on", drum, int(rng.uniform(60, 120))))
    return events


def melody(notes: np.ndarray, rng: np.random.Generator) -> list[Event]:
    """Play the highest notes alone, up to an octave higher or lower, each until the next."""
    top = notes[extreme(notes, 1)].copy()
    top[:-1, 1] = np.minimum(top[:-1, 1] + 0.2, top[1:, 0])
    top[:, 2] = np.clip(top[:, 2] + rng.integers(-12, 13), 40, 100)
    return played(top, int(rng.choice(MELODIES)), 0)


if __name__ == "__main__":
    main()
