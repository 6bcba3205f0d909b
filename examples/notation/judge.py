"""Measure what the networks and the rules of sheet music get right.

    python examples/notation/judge.py COLLECTIONS [--part test] [--lieder PLAYED]

COLLECTIONS has ``midi``, ``scores`` and ``lieder`` and ``pop909``, as the ASAP dataset, the OpenScore Lieder Corpus and
POP909 lie there. Prints the F1 of beats and of bars, and of beats at the nearest metrical level; places and values of
notes given the true beats; and hands, keys and spelling given the true places, each as a mean over pieces, with the
composer or kind that is worst.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy.interpolate import interp1d
from split import part_of
from train_rhythm import read_beats

from sori.evaluation.beats import score_beats
from sori.music.midi import read_notes
from sori.music.musicxml import read_score
from sori.music.notes import notes_array
from sori.music.score import Score
from sori.notation.beats import Beats
from sori.notation.quantise import place_chords
from sori.notation.reading import sight_read
from sori.notation.rhythm import find_beats
from sori.notation.values import note_values


def told(name: str, columns: list[str], rows: dict[str, list[tuple[float, ...]]]) -> None:
    """Print means over pieces, and those of the worst group by the first column."""
    every = np.array([row for group in rows.values() for row in group])
    worst = min(rows, key=lambda group: float(np.mean([row[0] for row in rows[group]])))
    for label, values in (("all", every), (worst, np.array(rows[worst]))):
        shown = ", ".join(f"{c} {v:.3f}" for c, v in zip(columns, values.mean(axis=0), strict=True))
        print(f"{name}, {label} ({len(values)}): {shown}", flush=True)


def judge_beats(folders: list[Path], part: str) -> None:
    """Find the beats of performances."""
    for folder in folders:
        rows: dict[str, list[tuple[float, ...]]] = defaultdict(list)
        for midi in sorted(folder.glob("*.mid")):
            if part_of(midi.stem) != part or not list(folder.glob(f"{midi.stem}_*.txt")):
                continue
            truth = [(float(at), bool(first)) for at, first in read_beats(midi)]
            found = find_beats(read_notes(midi))
            pairs = list(zip(found.seconds.tolist(), (found.places == 0).tolist(), strict=True))
            scores = score_beats(truth, pairs)
            group = "pop" if midi.stem.isdecimal() else midi.stem.split("_")[0]
            rows[group].append((scores.beat_f1, scores.bar_f1, scores.level_f1))
        told(f"beats of {folder.name}", ["beats", "bars", "nearest level"], rows)


def performances(collections: Path, part: str) -> Iterator[tuple[str, Score, np.ndarray, np.ndarray, list[Fraction]]]:
    """Yield performances whose score has the same beats: composer, score, notes, seconds and places of the beats."""
    with (collections / "scores" / "manifest.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        stem = row["performance"].removesuffix(".mid")
        if part_of(stem) != part or row["score_has_musicxml"] != "True" or row["performance_has_beats"] != "True":
            continue
        score = read_score(collections / "scores" / f"{row['score']}.mxl")
        truth = read_beats(collections / "midi" / row["performance"])
        for one in (score.unfolded(), score):
            beats = one.beats()
            both = min(len(beats), len(truth))
            same = np.mean([bool(truth[i, 1]) == beats[i][1] for i in range(both)])
            if same > 0.98 and -3 <= len(beats) - len(truth) <= 8:
                notes = notes_array(read_notes(collections / "midi" / row["performance"]))
                notes = notes[np.lexsort((notes[:, 2], notes[:, 0]))]
                yield stem.split("_")[0], one, notes, truth[:both, 0], [at for at, _ in beats[:both]]
                break


def matched(score: Score, notes: np.ndarray, seconds: np.ndarray, places: list[Fraction]) -> np.ndarray:
    """Return the number of the printed note that each played one is, or -1: of its pitch, and nearest in time."""
    at = np.interp(notes[:, 0], seconds, [float(place) for place in places])
    found = np.full(len(notes), -1)
    for pitch in set(notes[:, 2].astype(int)):
        printed = [i for i, note in enumerate(score.notes) if note.pitch == pitch and not note.is_grace]
        pairs = [
            (abs(at[i] - float(score.notes[k].onset)), i, k)
            for i in np.flatnonzero(notes[:, 2] == pitch)
            for k in printed
        ]
        used: set[int] = set()
        for far, i, k in sorted(pair for pair in pairs if pair[0] < 0.6):
            if found[i] < 0 and k not in used and far < 0.6:
                found[i] = k
                used.add(k)
    return found


def judge_values(collections: Path, part: str) -> None:
    """Place notes, and give them values, where the beats are known."""
    rows: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for composer, score, notes, seconds, places in performances(collections, part):
        which = matched(score, notes, seconds, places)
        if (which >= 0).mean() < 0.8:
            continue  # another version of the piece
        beats = Beats(seconds=seconds, places=np.zeros(len(seconds), int), counts=np.ones(len(seconds), int))
        placed = place_chords(notes[:, 0], notes[:, 2].astype(int), beats)

        def quarters(beat: Fraction, places: list[Fraction] = places) -> Fraction:
            i = min(max(int(beat // 1), 0), len(places) - 2)
            return places[i] + (beat - i) * (places[i + 1] - places[i])

        there = np.flatnonzero(which >= 0)
        onset = [quarters(placed.place[placed.chord[i]]) == score.notes[which[i]].onset for i in there]
        time = interp1d(seconds, [float(place) for place in places], fill_value="extrapolate")
        held = time(notes[:, 1]) - time(notes[:, 0])
        right: list[bool] = []
        for hand in (1, 2):
            own = [i for i in there if score.notes[which[i]].staff == hand]
            own.sort(key=lambda i: (score.notes[which[i]].onset, notes[i, 2]))
            printed = [score.notes[which[i]] for i in own]
            beat = [score.metre_at(note.onset).beat for note in printed]
            values = note_values([note.onset for note in printed], held[own], beat)
            right += [value.length == note.length for value, note in zip(values, printed, strict=True)]
        rows[composer].append((float(np.mean(onset)), float(np.mean(right))))
    told("given the beats", ["places", "values"], rows)


def judge_reading(collections: Path, part: str) -> None:
    """Read printed notes: their hands, keys and names."""
    with (collections / "scores" / "manifest.csv").open(encoding="utf-8", newline="") as table:
        names = {row["score"]: "" for row in csv.DictReader(table) if row["score_has_musicxml"] == "True"}
    with (collections / "lieder" / "manifest.csv").open(encoding="utf-8", newline="") as table:
        songs = {row["file"]: row["composer"].split(",")[0] for row in csv.DictReader(table)}
    groups = {
        # No score of these is trained on, so that all of them may test.
        "piano solo": [(name.split("_")[0], collections / "scores" / f"{name}.mxl") for name in sorted(names)],
        "songs": [(c, collections / "lieder" / f) for f, c in songs.items() if part_of(f, composer=c) == part],
    }
    for group, files in groups.items():
        rows: dict[str, list[tuple[float, ...]]] = defaultdict(list)
        for composer, file in files:
            score = read_score(file)
            notes = sorted((n for n in score.notes if not n.is_grace), key=lambda n: (n.onset, n.pitch))
            onset = np.array([float(note.onset) for note in notes])
            length = np.array([float(note.length) for note in notes])
            pitch = np.array([note.pitch for note in notes])
            bar = np.array([score.bar_at(note.onset) for note in notes])
            read = sight_read(onset, length, pitch, bar)
            key = np.array([score.key_at(n.onset).fifths for n in notes])
            other_side = 12 * np.round((key - read.keys[bar]) / 12)  # C sharp for D flat, say, is the same music
            rows[composer].append((
                float(np.mean([n.staff == hand for n, hand in zip(notes, read.hand, strict=True)])),
                float(np.mean((key - read.keys[bar]) % 12 == 0)),
                float(np.mean([n.fifths == f for n, f in zip(notes, read.fifths + other_side, strict=True)])),
            ))  # fmt: skip
        told(f"reading, {group}", ["hands", "key", "spelling"], rows)


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collections", type=Path)
    parser.add_argument("--part", default="test", choices=["valid", "test"])
    parser.add_argument("--lieder", type=Path, help="songs played by play_scores.py")
    given = parser.parse_args()
    judge_reading(given.collections, given.part)
    judge_values(given.collections, given.part)
    played = [given.lieder] if given.lieder else []
    judge_beats([given.collections / "midi", given.collections / "pop909", *played], given.part)


if __name__ == "__main__":
    main()
