"""Train the rhythm network, which finds beats and bars in played notes.

    python examples/notation/train_rhythm.py OUT --train LIEDER POP909 --valid MIDI --minutes 60

Each folder has MIDI files, and beside NAME.mid the beats: NAME_annotations.txt (second, second, ``b`` or ``db``) or
NAME_beat_midi.txt (second, strong, bar). OUT gets the weights after every epoch, and ``history.csv``. A training
that is cut goes on by the same command.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from drawn import Drawn
from split import part_of

from sori.models.sequence import sequence_network
from sori.music.midi import read_notes
from sori.music.notes import notes_array
from sori.notation.frames import FRAME_S, OUTPUTS, STEP_S, WIDTH, frames

STEPS, BATCH = 1000, 16  # of 40 s each
EPOCH = 100  # batches


class Piece(NamedTuple):
    """Notes (onset, offset, pitch, velocity), beats (seconds, and 1 where a bar begins), and who played them."""

    notes: np.ndarray
    beats: np.ndarray
    by_person: bool


def read_beats(midi: Path) -> np.ndarray:
    """Read the beats that lie beside a MIDI file."""
    ours, theirs = midi.with_name(f"{midi.stem}_annotations.txt"), midi.with_name(f"{midi.stem}_beat_midi.txt")
    if ours.is_file():
        rows = [line.split() for line in ours.read_text(encoding="utf-8").splitlines()]
        return np.array([(float(row[0]), float(row[2].startswith("db"))) for row in rows])
    table = np.loadtxt(theirs, ndmin=2)
    return np.stack([table[:, 0], table[:, 2]], axis=1)


def read_pieces(folders: list[Path], part: str) -> list[Piece]:
    """Read all pieces of a part that have beats."""
    pieces = []
    for folder in folders:
        for midi in sorted(folder.glob("*.mid")):
            if part_of(midi.stem) != part or not list(midi.parent.glob(f"{midi.stem}_*.txt")):
                continue
            by_person = not midi.stem.startswith("lied-") and not midi.stem.isdecimal()
            pieces.append(Piece(notes_array(read_notes(midi)), read_beats(midi), by_person))
    return pieces


def warped(grid: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return when each moment of a grid of quarter seconds is played: with rubato, quick and slow, and with waits."""
    slow = np.zeros(len(grid))
    if rng.random() < 0.7:
        for width, most in ((9, 0.12), (33, 0.2)):
            window = np.hanning(width)
            noise = np.convolve(rng.normal(0, 1, len(grid) + width - 1), window / np.sqrt((window**2).sum()), "valid")
            slow += rng.uniform(0, most) * noise
        for _ in range(rng.poisson(1.0)):
            at = rng.integers(len(grid))
            slow[at : at + rng.integers(2, 8)] += rng.uniform(0.1, 0.7)
    return np.concatenate([[0.0], np.cumsum(np.exp(slow) * 0.25)[:-1]])


def spread(notes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return notes whose chords are struck less together: hands apart, the melody ahead, some rolled upward."""
    notes = notes[np.lexsort((notes[:, 2], notes[:, 0]))]
    chord = np.cumsum(np.diff(notes[:, 0], prepend=notes[:1, 0]) > 0.02)
    apart_s, rolled = rng.uniform(0, 0.035), rng.uniform(0, 0.12)
    notes[notes[:, 2] < 58, 0] -= apart_s * (rng.random() < 0.7)
    size = np.bincount(chord, minlength=chord.max(initial=0) + 1)
    is_rolled = (rng.random(len(size)) < rolled) & (size > 2)
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    order = np.arange(len(notes)) - first[chord]
    each_s = rng.uniform(0.015, 0.06, len(size))
    notes[:, 0] += np.where(is_rolled[chord], order * each_s[chord], 0.0)
    return notes


def ornamented(notes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return notes with grace notes, mordents and trills added, and some doubled at the octave."""
    added = []
    upper = np.flatnonzero(notes[:, 2] > 55)
    for i in rng.permutation(upper)[: int(len(upper) * rng.uniform(0, 0.05))]:
        onset, offset, pitch, velocity = notes[i]
        step, each_s = rng.choice([-2, -1, 1, 2]), rng.uniform(0.04, 0.09)
        kind = rng.random()
        if kind < 0.5:
            added.append((onset - each_s, onset, pitch + step, velocity * 0.8))
        elif kind < 0.8:
            added += [(onset - 2 * each_s, onset - each_s, pitch, velocity * 0.8)]
            added += [(onset - each_s, onset, pitch + step, velocity * 0.8)]
        elif offset - onset > 0.3:
            count = int((offset - onset) / each_s)
            added += [
                (onset + k * each_s, onset + (k + 1) * each_s, pitch + step * (k % 2), velocity)
                for k in range(1, count)
            ]
    if rng.random() < 0.3:
        for i in rng.permutation(len(notes))[: int(len(notes) * rng.uniform(0, 0.3))]:
            added.append((notes[i, 0], notes[i, 1], notes[i, 2] + rng.choice([-12, 12]), notes[i, 3]))
    return np.concatenate([notes, np.array(added).reshape(-1, 4)])


def draw(pieces: list[Piece], weights: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw a stretch of a piece, played otherwise: faster, freer, higher, with other touch, with faults."""
    piece = pieces[rng.choice(len(pieces), p=weights)]
    notes, beats = piece.notes.copy(), piece.beats.copy()
    length_s = STEPS * STEP_S
    speed = np.exp(rng.uniform(-0.45, 0.45))
    last_s = notes[:, 1].max()
    begin_s = rng.uniform(-1.5, max(0.0, last_s - 0.6 * length_s * speed))
    near = (notes[:, 1] > begin_s) & (notes[:, 0] < begin_s + 2 * length_s * speed)
    notes = notes[near]
    beats = beats[(beats[:, 0] > begin_s - 2) & (beats[:, 0] < begin_s + 2 * length_s * speed)]
    grid = np.arange(begin_s - 3, begin_s + 2 * length_s * speed + 3, 0.25)
    clock = warped(grid, rng) / speed
    origin = np.interp(begin_s, grid, clock)
    for array, columns in ((notes, (0, 1)), (beats, (0,))):
        for column in columns:
            array[:, column] = np.interp(array[:, column], grid, clock) - origin
    if rng.random() < 0.6:
        notes = ornamented(spread(notes, rng), rng)
    notes[:, 2] += rng.integers(-5, 7)
    notes[:, 0] += rng.normal(0, rng.uniform(0, 0.012), len(notes))
    kind = rng.random()
    if kind < 0.12:
        notes[:, 3] = 80
    elif kind < 0.5:
        notes[:, 3] = np.clip(notes[:, 3] * rng.uniform(0.7, 1.3) + rng.normal(0, 8, len(notes)), 5, 127)
    notes[:, 1] = notes[:, 0] + np.maximum(0.03, (notes[:, 1] - notes[:, 0]) * np.exp(rng.normal(0, 0.4)))
    if rng.random() < 0.4:
        notes = notes[rng.random(len(notes)) > rng.uniform(0, 0.12)]
    hands = rng.random()
    if hands < 0.1:
        notes = notes[notes[:, 2] >= 60] if hands < 0.05 else notes[notes[:, 2] < 60]
    x = frames(notes, steps=STEPS)
    y = np.zeros((2 * STEPS, 2), dtype=np.float32)
    for at_s, first in beats:
        frame = round(at_s / FRAME_S)
        for shift, value in ((-1, 0.5), (1, 0.5), (0, 1.0)):
            if 0 <= frame + shift < 2 * STEPS:
                y[frame + shift, 0] = max(y[frame + shift, 0], value)
                y[frame + shift, 1] = max(y[frame + shift, 1], value * first)
    return x, y.reshape(STEPS, 4)


def fed(pieces: list[Piece], *, seed: int, count: int) -> Drawn:
    """Return batches of pieces; a performance by a person counts as four that are drawn, or played for a sequencer."""
    lengths = [min(300.0, piece.notes[:, 1].max()) * (4 if piece.by_person else 1) for piece in pieces]
    return Drawn(draw, pieces, lengths, seed=seed, count=count, batch=BATCH)


def loss(truth: object, logits: object) -> object:
    """Cross-entropy in which a beat counts as much as six places without one."""
    ops = keras.ops
    each = ops.maximum(logits, 0) - logits * truth + ops.log1p(ops.exp(-ops.abs(logits)))
    return ops.mean(each * (1 + 5 * truth)) * 4


def main() -> None:
    """Train for some minutes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--train", type=Path, nargs="+", required=True)
    parser.add_argument("--valid", type=Path, nargs="+", required=True)
    parser.add_argument("--start", type=Path, help="weights to begin with")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--lr", type=float, default=2e-3)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    train = fed(read_pieces(given.train, "train"), seed=1, count=EPOCH)
    valid = fed(read_pieces(given.valid, "valid"), seed=2, count=12)
    fixed = [valid[i] for i in range(12)]
    x, y = (np.concatenate(part) for part in zip(*fixed, strict=True))
    print(f"{len(train.pieces)} pieces to train on, {len(valid.pieces)} to validate", flush=True)
    network = sequence_network(WIDTH, OUTPUTS, dropout=0.1)
    network.compile(
        keras.optimizers.AdamW(given.lr, weight_decay=0.01, clipnorm=1.0, use_ema=True, ema_momentum=0.995), loss
    )
    begun, epoch, history = time.monotonic(), 0, given.out / "history.csv"
    if history.is_file():
        with history.open(encoding="utf-8") as table:
            epoch = len(list(csv.DictReader(table)))
        network.load_weights(given.out / "latest.weights.h5")
    elif given.start:
        network.load_weights(given.start, skip_mismatch=True)  # which may know nothing of dropout
    while (spent := (time.monotonic() - begun) / 60) < given.minutes:
        network.optimizer.learning_rate = (
            given.lr * min(1.0, (epoch + 1) / 2) * 0.5 * (1 + np.cos(np.pi * spent / given.minutes))
        )
        train.epoch = epoch
        fitted = network.fit(train, epochs=1, verbose=0).history["loss"][0]
        network.save_weights(given.out / "latest.weights.h5")
        raw = network.get_weights()
        network.optimizer.finalize_variable_values(network.trainable_variables)
        valued = network.evaluate(x, y, batch_size=BATCH, verbose=0)
        network.save_weights(given.out / "mean.weights.h5")
        network.set_weights(raw)
        epoch += 1
        new = not history.is_file()
        with history.open("a", encoding="utf-8") as table:
            table.write(
                ("epoch,loss,val_loss,minutes\n" if new else "") + f"{epoch},{fitted:.4f},{valued:.4f},{spent:.1f}\n"
            )
        print(epoch, round(fitted, 4), round(valued, 4), round(spent, 1), flush=True)


if __name__ == "__main__":
    main()
