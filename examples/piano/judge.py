"""Score a transcriber on the held-out recordings of `sori piano synth`, also by kind of note and by composer.

python examples/piano/judge.py piano data/piano --part test
python examples/piano/judge.py transkun data/piano --every 5    # another engine, on every fifth performance
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy import stats

from sori.audio import resample
from sori.datasets.piano import SR, PianoData
from sori.evaluation.kinds import recall_by_kind
from sori.evaluation.notes import NoteScores, score_notes
from sori.inference import ENGINES, NoteDecoding, Transcriber
from sori.music import Note, notes_array

SHOWN = ("precision", "recall", "f1", "offset_f1", "velocity_f1", "frame_f1")


def opened(name: str, decoding: NoteDecoding) -> Callable[[np.ndarray], Sequence[Note]]:
    """Return a function from samples at 16 kHz to notes: that of a model, or of another engine by its name."""
    if name in ENGINES and name != "piano":
        engine = ENGINES[name]()
        return lambda y: engine(resample(y, from_sr=SR, to_sr=engine.sr))
    transcriber = Transcriber(name)
    return lambda y: transcriber(y, sr=SR, decoding=decoding, posteriors=False).notes


def line(name: str, scores: list[tuple[str, NoteScores]]) -> str:
    """Return the means of scores as a row of a table, with the 95 % interval of F1 over resampled pieces."""
    means = [float(np.mean([getattr(one, key) for _, one in scores])) for key in SHOWN]
    pieces: dict[str, list[float]] = {}
    for piece, one in scores:
        pieces.setdefault(piece, []).append(one.f1)
    totals, counts = np.array([(sum(some), len(some)) for some in pieces.values()]).T
    row = f"| {name} | {' | '.join(f'{mean:.3f}' for mean in means)} |"
    if len(pieces) == 1:
        return f"{row} | 1 |"
    low, high = stats.bootstrap(
        (totals, counts),
        lambda totals, counts, axis=-1: totals.sum(axis) / counts.sum(axis),
        paired=True,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return f"{row} {low:.3f} to {high:.3f} | {len(pieces)} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a model's folder, the name of one that ships, or of another engine")
    parser.add_argument("data", type=Path)
    parser.add_argument("--part", default="test", choices=("valid", "test"))
    parser.add_argument("--no-doubt", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="of the performances, take every nth")
    given = parser.parse_args()
    transcribe = opened(given.model, NoteDecoding(doubt=not given.no_doubt))
    recordings = PianoData.open(given.data).held_out(given.part)
    taken = sorted({recording.name for recording in recordings})[:: given.every]
    recordings = [recording for recording in recordings if recording.name in taken]
    scores: dict[str, list[tuple[str, NoteScores]]] = {}
    pairs = []
    began = time.monotonic()
    for i, recording in enumerate(recordings, 1):
        pairs.append((recording.notes, notes_array(transcribe(recording.y))))
        one = recording.name.partition("__")[0], score_notes(*pairs[-1])
        scores.setdefault(recording.condition, []).append(one)
        scores.setdefault(recording.name.partition("_")[0], []).append(one)
        print(f"\r{i} of {len(recordings)}", end="", file=sys.stderr, flush=True)
    seconds = time.monotonic() - began
    print(f"\n{sum(len(one.y) for one in recordings) / SR / seconds:.1f} times real time", file=sys.stderr)
    print(f"| mean of recordings | {' | '.join(SHOWN)} | F1, 95 % | pieces |\n|---|{'---:|' * (len(SHOWN) + 2)}")
    for name, some in scores.items():
        print(line(name, some))
    print("\n| notes that are | recall | notes |\n|---|---:|---:|")
    for name, (hits, known) in recall_by_kind(pairs).items():
        print(f"| {name} | {hits / max(1, known):.3f} | {known:,} |")


if __name__ == "__main__":
    main()
