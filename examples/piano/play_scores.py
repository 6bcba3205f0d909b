"""Play piano parts of scores expressively: varying tempo, voicing, spread chords, and pedal by harmony.

    python examples/piano/play_scores.py SCORES OUT [--leave-out Liszt,Debussy]

SCORES is a folder of MusicXML (.mxl), with a ``manifest.csv`` of file and composer if pieces are to be left out; OUT
gets a MIDI file of each, with its sustain pedal as control 64, and beside it NAME_annotations.txt, in which each line
has a beat's time in seconds, twice, and ``b``, or ``db`` where a bar begins, with the metre where it changes. Random
choices are seeded by the file name, so the same scores are played in the same way. Needs pretty_midi.
"""

from __future__ import annotations

import argparse
import csv
import zlib
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pretty_midi

from sori.errors import SoriError
from sori.music.musicxml import read_score
from sori.music.score import Score, ScoreNote


class Played(NamedTuple):
    """A performance, when each of the score's beats is played in seconds, and when each of its notes."""

    song: pretty_midi.PrettyMIDI
    beats: list[tuple[float, str]]
    onsets: list[tuple[float, ScoreNote]]


def play(score: Score, rng: np.random.Generator) -> Played:
    """Play a score: the time of each beat, velocity and length of each note, and the pedal."""
    printed_notes = [note for note in score.notes if not note.is_grace]
    last = float(max(note.end for note in printed_notes))
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

    def seconds(quarter: float | Fraction) -> float:
        return 0.3 + float(np.interp(float(quarter), beats, clock))

    song = pretty_midi.PrettyMIDI(resolution=960)
    piano = pretty_midi.Instrument(0, name="piano")
    arc = rng.uniform(0, 14) * np.sin(np.pi * (beats % phrase) / phrase)
    level = rng.uniform(45, 80) + arc + np.repeat(rng.normal(0, 10, len(beats) // phrase + 1), phrase)[: len(beats)]
    melody, bass, inner = rng.uniform(4, 18), rng.uniform(-4, 8), rng.uniform(-18, -2)
    lead_s, spread_s = rng.uniform(0, 0.025), rng.uniform(0.002, 0.014)
    legato, short = rng.uniform(0.8, 1.05), rng.uniform(0.3, 0.6)
    chords: dict[Fraction, list[ScoreNote]] = {}
    for note in printed_notes:
        chords.setdefault(note.onset, []).append(note)
    free: dict[int, float] = {}
    played: list[tuple[float, ScoreNote]] = []
    for onset, chord in sorted(chords.items()):
        rolled_s = rng.uniform(0.015, 0.06) if len(chord) > 3 and rng.random() < 0.08 else 0.0
        top, lowest = max(note.pitch for note in chord), min(note.pitch for note in chord)
        strong = 4.0 if any(abs(onset - bar) < 0.01 for bar in score.bars) else 0.0
        for order, note in enumerate(sorted(chord, key=lambda note: note.pitch)):
            of_all = melody if note.pitch == top and note.staff == 1 else bass if note.pitch == lowest else inner
            velocity = float(np.interp(float(onset), beats, level)) + of_all + strong + rng.normal(0, 4)
            begin = seconds(onset) + rng.normal(0, spread_s) + rolled_s * order
            begin -= lead_s if note.pitch == top else 0.0
            begin = max(begin, free.get(note.pitch, 0.0) + 0.02, 0.0)
            until = seconds(float(onset) + float(note.length) * (short if note.is_staccato else legato)) + rng.normal(
                0, 0.015
            )
            until = max(until, begin + 0.05)
            free[note.pitch] = until
            played.append((begin, note))
            piano.notes.append(pretty_midi.Note(int(np.clip(round(velocity), 8, 124)), note.pitch, begin, until))
    ends: dict[int, float] = {}
    for note in sorted(piano.notes, key=lambda note: -note.start):  # a key is released before it is struck again
        note.end = min(note.end, ends.get(note.pitch, np.inf) - 0.01)
        ends[note.pitch] = note.start
    piano.notes = [note for note in piano.notes if note.end > note.start + 0.02]
    if rng.random() < 0.8:
        piano.control_changes = _pedal(chords, seconds, rng)
    song.instruments.append(piano)
    named = {at: f",{metre}" for at, metre in score.metres}
    marked = [
        (seconds(at), f"{'db' if first else 'b'}{named.get(at, '')}") for at, first in score.beats() if at <= last
    ]
    return Played(song, marked, played)


def _pedal(
    chords: dict[Fraction, list[ScoreNote]], seconds: object, rng: np.random.Generator
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
        try:
            score = read_score(path)
        except SoriError as error:
            print(error)
            continue
        if len(score.notes) < 50:
            print(f"{path.name}: fewer than 50 notes")
            continue
        performance = play(score, np.random.default_rng(zlib.crc32(path.name.encode())))
        name = f"lied-{composer.split('_')[0]}_{path.stem}"
        performance.song.write(str(given.out / f"{name}.mid"))
        lines = [f"{at_s:.6f}\t{at_s:.6f}\t{kind}\n" for at_s, kind in performance.beats]
        (given.out / f"{name}_annotations.txt").write_text("".join(lines), encoding="utf-8")
        played += 1
    print(f"{played} scores played")


if __name__ == "__main__":
    main()
