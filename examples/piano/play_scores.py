"""Play piano parts of scores expressively: varying tempo, voicing, spread chords, and pedal by harmony.

    python examples/piano/play_scores.py SCORES OUT [--leave-out Liszt,Debussy]

SCORES is a folder of MusicXML (.mxl), with a ``manifest.csv`` of file and composer if pieces are to be left out; OUT
gets a MIDI file of each, with its sustain pedal as control 64. Random choices are seeded by the file name, so the same
scores are played in the same way. Needs pretty_midi.
"""

from __future__ import annotations

import argparse
import csv
import xml.etree.ElementTree as ET
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pretty_midi

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


class Printed(NamedTuple):
    """A printed note: onset and length in quarters, pitch, staff, and whether it is staccato."""

    onset: float
    length: float
    pitch: int
    staff: int
    staccato: bool


class Score(NamedTuple):
    """The piano's notes, where bars begin in quarters, and the printed tempo in quarters a minute, if any."""

    notes: list[Printed]
    bars: list[float]
    tempo: float | None


def read_score(path: Path) -> Score | None:
    """Read the part with two staves; None if there is none."""
    with zipfile.ZipFile(path) as archive:
        container = ET.fromstring(archive.read("META-INF/container.xml"))
        root = next(element.get("full-path") for element in container.iter() if element.tag.endswith("rootfile"))
        score = ET.fromstring(archive.read(str(root)))
    parts = [part for part in score.findall("part") if any(staff.text == "2" for staff in part.iter("staff"))]
    if not parts:
        return None
    tempo = next((float(sound.get("tempo", 0)) for sound in score.iter("sound") if sound.get("tempo")), None)
    notes: list[Printed] = []
    bars: list[float] = []
    tied: dict[tuple[int, int], int] = {}  # pitch and staff of a note that is held over, and its place in notes
    divisions, at, bar = 1.0, 0.0, 0.0
    for measure in parts[0].findall("measure"):
        bars.append(bar)
        at = end = bar
        onset = at
        for element in measure:
            if element.tag == "attributes" and element.findtext("divisions"):
                divisions = float(element.findtext("divisions") or 1)
            elif element.tag in ("backup", "forward"):
                step = float(element.findtext("duration") or 0) / divisions
                at += step if element.tag == "forward" else -step
            elif element.tag == "note" and element.find("grace") is None:
                length = float(element.findtext("duration") or 0) / divisions
                if element.find("chord") is None:
                    onset, at = at, at + length
                pitch = element.find("pitch")
                if pitch is not None and element.get("print-object") != "no":
                    _add(notes, tied, element, pitch, onset, length)
            end = max(end, at)
        bar = end
    return Score(sorted(notes), bars, tempo)


def _add(
    notes: list[Printed],
    tied: dict[tuple[int, int], int],
    element: ET.Element,
    pitch: ET.Element,
    onset: float,
    length: float,
) -> None:
    number = 12 * (int(pitch.findtext("octave") or 4) + 1) + STEPS[pitch.findtext("step") or "C"]
    number += round(float(pitch.findtext("alter") or 0))
    staff = int(element.findtext("staff") or 1)
    ties = {tie.get("type") for tie in element.findall("tie")}
    key = (number, staff)
    if "stop" in ties and key in tied:
        before = notes[tied[key]]
        notes[tied[key]] = before._replace(length=onset + length - before.onset)
    else:
        tied[key] = len(notes)
        notes.append(Printed(onset, length, number, staff, element.find(".//staccato") is not None))
    if "start" not in ties:
        tied.pop(key, None)


def play(score: Score, rng: np.random.Generator) -> pretty_midi.PrettyMIDI:
    """Play a score: the time of each beat, velocity and length of each note, and the pedal."""
    last = max(note.onset + note.length for note in score.notes)
    beats = np.arange(0, last + 3, 0.5)
    printed = score.tempo or float(np.exp(rng.uniform(np.log(55), np.log(130))))
    tempo = np.clip(printed * rng.uniform(0.85, 1.3), 35, 220)
    phrase = rng.choice([8, 12, 16, 32])
    slowing = 1 + rng.uniform(0.02, 0.35) * np.maximum(0, (beats % phrase) / phrase - 0.75) ** 2 * 16
    wander = np.zeros(len(beats))
    for i in range(1, len(beats)):
        wander[i] = 0.85 * wander[i - 1] + rng.normal(0, 0.02)
    half_s = 30 / tempo * slowing * np.exp(wander)
    clock = np.concatenate([[0.0], np.cumsum(half_s)[:-1]])

    def seconds(quarter: float) -> float:
        return 0.3 + float(np.interp(quarter, beats, clock))

    song = pretty_midi.PrettyMIDI(resolution=960)
    piano = pretty_midi.Instrument(0, name="piano")
    arc = rng.uniform(0, 14) * np.sin(np.pi * (beats % phrase) / phrase)
    level = rng.uniform(45, 80) + arc + np.repeat(rng.normal(0, 10, len(beats) // phrase + 1), phrase)[: len(beats)]
    melody, bass, inner = rng.uniform(4, 18), rng.uniform(-4, 8), rng.uniform(-18, -2)
    lead_s, spread_s = rng.uniform(0, 0.025), rng.uniform(0.002, 0.014)
    legato, short = rng.uniform(0.8, 1.05), rng.uniform(0.3, 0.6)
    chords: dict[float, list[Printed]] = {}
    for note in score.notes:
        chords.setdefault(note.onset, []).append(note)
    free: dict[int, float] = {}
    for onset, chord in sorted(chords.items()):
        rolled_s = rng.uniform(0.015, 0.06) if len(chord) > 3 and rng.random() < 0.08 else 0.0
        top, lowest = max(note.pitch for note in chord), min(note.pitch for note in chord)
        strong = 4.0 if any(abs(onset - bar) < 0.01 for bar in score.bars) else 0.0
        for order, note in enumerate(sorted(chord, key=lambda note: note.pitch)):
            of_all = melody if note.pitch == top and note.staff == 1 else bass if note.pitch == lowest else inner
            velocity = float(np.interp(onset, beats, level)) + of_all + strong + rng.normal(0, 4)
            begin = seconds(onset) + rng.normal(0, spread_s) + rolled_s * order
            begin -= lead_s if note.pitch == top else 0.0
            begin = max(begin, free.get(note.pitch, 0.0) + 0.02, 0.0)
            until = seconds(onset + note.length * (short if note.staccato else legato)) + rng.normal(0, 0.015)
            until = max(until, begin + 0.05)
            free[note.pitch] = until
            piano.notes.append(pretty_midi.Note(int(np.clip(round(velocity), 8, 124)), note.pitch, begin, until))
    ends: dict[int, float] = {}
    for note in sorted(piano.notes, key=lambda note: -note.start):  # a key is released before it is struck again
        note.end = min(note.end, ends.get(note.pitch, np.inf) - 0.01)
        ends[note.pitch] = note.start
    piano.notes = [note for note in piano.notes if note.end > note.start + 0.02]
    if rng.random() < 0.8:
        piano.control_changes = _pedal(chords, seconds, rng)
    song.instruments.append(piano)
    return song


def _pedal(
    chords: dict[float, list[Printed]], seconds: object, rng: np.random.Generator
) -> list[pretty_midi.ControlChange]:
    """Change the pedal with the bass: up at each new bass note, and down again a little later."""
    changes: list[pretty_midi.ControlChange] = []
    late_s, seldom = rng.uniform(0.05, 0.2), rng.uniform(0.4, 2.5)
    before, since = None, -10.0
    for onset, chord in sorted(chords.items()):
        low = min(note.pitch for note in chord)
        at_s = seconds(onset)  # type: ignore[operator]
        if low < 62 and low != before and at_s - since > seldom:
            if before is not None:
                changes.append(pretty_midi.ControlChange(64, 0, at_s + rng.uniform(-0.02, 0.06)))
            if rng.random() < 0.92:
                changes.append(pretty_midi.ControlChange(64, int(rng.integers(70, 127)), at_s + late_s + 0.08))
            before, since = low, at_s
    changes.append(pretty_midi.ControlChange(64, 0, seconds(max(chords)) + 3))  # type: ignore[operator]
    return changes


def main() -> None:
    """Play every score of a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scores", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--leave-out", default="", help="composers, comma-separated")
    given = parser.parse_args()
    left_out = {name.lower() for name in given.leave_out.split(",") if name}
    composers: dict[str, str] = {}
    if (given.scores / "manifest.csv").is_file():
        with (given.scores / "manifest.csv").open(encoding="utf-8", newline="") as table:
            composers = {row["file"]: row["composer"].split(",")[0].lower() for row in csv.DictReader(table)}
    given.out.mkdir(parents=True, exist_ok=True)
    played = 0
    for path in sorted(given.scores.glob("*.mxl")):
        composer = composers.get(path.name, "unknown")
        if composer in left_out:
            continue
        score = read_score(path)
        if score is None or len(score.notes) < 50:
            print(f"{path.name}: no piano part of at least 50 notes")
            continue
        song = play(score, np.random.default_rng(zlib.crc32(path.name.encode())))
        song.write(str(given.out / f"lied-{composer.split('_')[0]}_{path.stem}.mid"))
        played += 1
    print(f"{played} scores played")


if __name__ == "__main__":
    main()
