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
from typing import Any

import numpy as np

from sori.audio import resample
from sori.cli.console import reporting
from sori.datasets.piano import SR, PianoData
from sori.evaluation.held_out import MEANS, by_condition, score_held_out, summary
from sori.inference import ENGINES, NoteDecoding, Transcriber
from sori.music import notes_array


def opened(name: str, decoding: NoteDecoding) -> Callable[[np.ndarray], tuple[np.ndarray, Sequence[Any]]]:
    """Return a function from samples at 16 kHz to notes and pedal: that of a model, or of another engine."""
    if name in ENGINES and name != "piano":
        engine = ENGINES[name]()
        return lambda y: (notes_array(engine(resample(y, from_sr=SR, to_sr=engine.sr))), ())
    transcriber = Transcriber(name)

    def transcribed(y: np.ndarray) -> tuple[np.ndarray, Sequence[Any]]:
        found = transcriber(y, sr=SR, decoding=decoding, posteriors=False)
        return notes_array(found.notes), found.pedals

    return transcribed


def line(name: str, scores: dict[str, Any]) -> str:
    """Return a summary as a row of a table."""
    low, high = scores["f1_interval"]
    interval = f"{low:.3f} to {high:.3f}" if scores["pieces"] > 1 else ""
    return f"| {name} | {' | '.join(f'{scores[key]:.3f}' for key in MEANS)} | {interval} | {scores['pieces']} |"


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
    began = time.monotonic()
    with reporting() as reporter:
        heard = score_held_out(transcribe, recordings, reporter=reporter)
    seconds = time.monotonic() - began
    print(f"{sum(len(one.y) for one in recordings) / SR / seconds:.1f} times real time", file=sys.stderr)
    print(f"| mean of recordings | {' | '.join(MEANS)} | F1, 95 % | pieces |\n|---|{'---:|' * (len(MEANS) + 2)}")
    for condition, scores in by_condition(heard).items():
        print(line(condition, scores))
    for composer in sorted({one.composer for one in heard}):
        print(line(composer, summary([one for one in heard if one.composer == composer])))
    print("\n| notes that are | recall | notes |\n|---|---:|---:|")
    for name, of_kind in summary(heard)["recall_by_kind"].items():
        print(f"| {name} | {of_kind['recall']:.3f} | {of_kind['notes']:,} |")


if __name__ == "__main__":
    main()
