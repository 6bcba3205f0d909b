"""Train the reading network, which tells hands, keys and the names of notes.

    python examples/notation/train_reading.py OUT --scores LIEDER --minutes 20

LIEDER is a folder of MusicXML scores with ``manifest.csv`` of file and composer. OUT gets the weights and
``history.csv``.
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

from sori.errors import SoriError
from sori.models.sequence import sequence_network
from sori.music.musicxml import read_score
from sori.notation.reading import HAND, KEY, OUTPUTS, SPELLING, WIDTH, note_features, spelling_class

NOTES, BATCH, EPOCH = 512, 32, 100


class Printed(NamedTuple):
    """Notes of a score: onset and length in quarters, pitch, staff, spelling, and the key that holds."""

    onset: np.ndarray
    length: np.ndarray
    pitch: np.ndarray
    staff: np.ndarray
    fifths: np.ndarray
    key: np.ndarray


def printed(path: Path) -> Printed:
    """Read a score's notes, in the order of onset and pitch."""
    score = read_score(path)
    notes = sorted((n for n in score.notes if not n.is_grace), key=lambda note: (note.onset, note.pitch))
    columns = zip(
        *((n.onset, n.length, n.pitch, n.staff, n.fifths, score.key_at(n.onset).fifths) for n in notes), strict=True
    )
    onset, length, *rest = (list(column) for column in columns)
    return Printed(np.array(onset, dtype=float), np.array(length, dtype=float), *(np.array(c, dtype=int) for c in rest))


def read(folder: Path, part: str) -> list[Printed]:
    """Read the scores of a part."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as table:
        composers = {row["file"]: row["composer"].split(",")[0] for row in csv.DictReader(table)}
    found = []
    for file, composer in composers.items():
        if part_of(file, composer=composer) == part:
            try:
                one = printed(folder / file)
            except (SoriError, ValueError) as error:
                print(file, error)
                continue
            if len(one.pitch) > 50 and len(set(one.staff)) == 2:
                found.append(one)
    return found


def targets(piece: Printed) -> np.ndarray:
    """Return hand (1: left), key (fifths modulo 12) and class of spelling of each note."""
    return np.stack([piece.staff - 1, piece.key % 12, spelling_class(piece.fifths, piece.key)], axis=1)


def draw(pieces: list[Printed], weights: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw a stretch of a score, transposed, at another pace, with other lengths and with notes missing."""
    piece = pieces[rng.choice(len(pieces), p=weights)]
    first = rng.integers(0, max(1, len(piece.pitch) - NOTES // 2))
    chosen = np.arange(first, min(len(piece.pitch), first + NOTES + 100))
    if rng.random() < 0.5:
        chosen = chosen[rng.random(len(chosen)) > rng.uniform(0, 0.15)]
    onset, length, pitch = piece.onset[chosen], piece.length[chosen], piece.pitch[chosen]
    y = targets(piece)[chosen]
    shift = int(rng.integers(-6, 7))
    y[:, 1] = (y[:, 1] + 7 * shift) % 12
    pace = rng.choice([0.5, 1.0, 1.0, 1.0, 2.0])
    length = length * np.exp(rng.normal(0, 0.5, len(length)) * (rng.random() < 0.6))
    pitch = np.clip(pitch + shift, 0, 127)
    order = np.lexsort((pitch, onset))[:NOTES]
    x = np.zeros((NOTES, WIDTH), dtype=np.float32)
    out = np.full((NOTES, 3), -1)
    x[: len(order)] = note_features(onset[order] * pace, length[order] * pace, pitch[order])
    out[: len(order)] = y[order]
    return x, out


def loss(truth: object, logits: object) -> object:
    """Mean cross-entropy of the three questions; places without a note do not count."""
    ops = keras.ops
    truth = ops.cast(truth, "int32")
    there = ops.cast(truth[..., 0] >= 0, "float32")
    truth = ops.maximum(truth, 0)
    hand = logits[..., HAND][..., 0]
    left = ops.cast(truth[..., 0], "float32")
    total = ops.maximum(hand, 0) - hand * left + ops.log1p(ops.exp(-ops.abs(hand)))
    for part, column, weight in ((KEY, 1, 0.3), (SPELLING, 2, 2.0)):
        each = ops.one_hot(truth[..., column], part.stop - part.start) * ops.log_softmax(logits[..., part])
        total -= weight * ops.sum(each, axis=-1)
    return ops.sum(total * there) / ops.sum(there)


def judge(network: keras.Model, pieces: list[Printed]) -> tuple[float, float, float]:
    """Return the share of notes with the right hand, key and class of spelling, without any decoding."""
    right = []
    for piece in pieces:
        z = network.predict_on_batch(note_features(piece.onset, piece.length, piece.pitch)[None])[0]
        guess = np.stack([z[:, HAND][:, 0] > 0, z[:, KEY].argmax(axis=1), z[:, SPELLING].argmax(axis=1)], axis=1)
        right.append((guess == targets(piece)).mean(axis=0))
    return tuple(np.mean(right, axis=0))


def main() -> None:
    """Train for some minutes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--lr", type=float, default=2e-3)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    pieces, valid = read(given.scores, "train"), read(given.scores, "valid")[::4]
    lengths = [min(3000, len(piece.pitch)) for piece in pieces]
    train = Drawn(draw, pieces, lengths, seed=1, count=EPOCH, batch=BATCH)
    print(f"{len(train.pieces)} scores to train on, {len(valid)} to validate", flush=True)
    network = sequence_network(WIDTH, OUTPUTS)
    network.compile(keras.optimizers.AdamW(given.lr, weight_decay=0.01, clipnorm=1.0), loss)
    begun = time.monotonic()
    with (given.out / "history.csv").open("w", encoding="utf-8") as table:
        table.write("epoch,loss,hand,key,spelling,minutes\n")
        while (spent := (time.monotonic() - begun) / 60) < given.minutes:
            part = min(1.0, (train.epoch + 1) / 2) * 0.5 * (1 + np.cos(np.pi * spent / given.minutes))
            network.optimizer.learning_rate = given.lr * part
            fitted = network.fit(train, epochs=1, verbose=0).history["loss"][0]
            train.epoch += 1
            network.save_weights(given.out / "latest.weights.h5")
            scores = ",".join(f"{score:.4f}" for score in judge(network, valid))
            print(line := f"{train.epoch},{fitted:.4f},{scores},{spent:.1f}", flush=True)
            table.write(line + "\n")


if __name__ == "__main__":
    main()
