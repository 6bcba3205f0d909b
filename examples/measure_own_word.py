"""Measure words of one's own: how often each is found, and how often something else is taken for it.

python examples/measure_own_word.py SPOKEN_DIGITS RECORDINGS

Each of twelve pairs of a digit and a speaker of the Free Spoken Digit Dataset is a word of one's own, learned from 15
recordings. Twenty others of it are then listened for, and the other nine digits by the same speaker, three each.
RECORDINGS is what examples/keyword_recordings.py made: half of its sources are learned from, and the words of the other
half, one after another, are listened to for five minutes.
"""

import argparse
import re
import tempfile
from pathlib import Path

import numpy as np

from sori import audio
from sori.datasets import read_catalog
from sori.inference.spotter import Event, Spotter
from sori.tasks.train import train
from sori.training.own_word import PREPROCESSOR, UNKNOWN, Unknown, build_own_word

SR = PREPROCESSOR.sr
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
LEARNED, FOUND, OTHERS, SECONDS = 15, 20, 3, 300
NOISE = {"in quiet": 0.0, "in noise (10 dB)": 0.02}


def heard(run: Path, y: np.ndarray) -> list[Event]:
    """Return the words in a recording."""
    spotter = Spotter(run)
    return [*spotter(y.astype(np.float32)), *spotter.finish()]


def in_a_row(files: list[Path], rng: np.random.Generator, *, noise: float = 0.0) -> tuple[np.ndarray, list[float]]:
    """Join recordings with 1.5 to 2 s between them, in noise; return when each is spoken, too."""
    parts, times_s, n = [], [], 0
    for file in files:
        y, _ = audio.load(file, sr=SR)
        gap = int(rng.uniform(1.5, 2) * SR)
        parts += [np.zeros(gap), 0.3 * y / np.abs(y).max()]
        times_s.append((n + gap + len(y) / 2) / SR)
        n += gap + len(y)
    joined = np.concatenate([*parts, np.zeros(SR)])
    return joined + noise * rng.standard_normal(len(joined)), times_s


def main() -> None:
    """Print what was found for each pair, and in all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spoken_digits", type=Path)
    parser.add_argument("recordings", type=Path)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    shipped = Unknown.open()
    sources = sorted(set(shipped.groups))
    learned = set(rng.permutation(sources)[: len(sources) // 2])
    which = [i for i, group in enumerate(shipped.groups) if group in learned]
    known = Unknown(shipped.x[which], tuple(shipped.names[i] for i in which), tuple(shipped.groups[i] for i in which))
    words = [
        given.recordings / f"{name}.flac"
        for name, group in zip(shipped.names, shipped.groups, strict=True)
        if group not in learned and not name.startswith("silence")
    ]
    spoken = {(m[1], m[2]): [] for f in given.spoken_digits.rglob("*.wav") if (m := re.match(r"(\d)_(\w+)_", f.name))}
    for digit, speaker in spoken:
        files = given.spoken_digits.rglob(f"{digit}_{speaker}_*.wav")
        spoken[digit, speaker] = sorted(files, key=lambda file: int(file.stem.split("_")[-1]))
    totals = {name: np.zeros(2, dtype=int) for name in (*NOISE, "other digits")}
    alarms = 0
    for pair in range(12):
        digit, speaker = str(pair % 10), SPEAKERS[pair % len(SPEAKERS)]
        with tempfile.TemporaryDirectory() as folder:
            own = Path(folder) / "own" / digit
            own.mkdir(parents=True)
            for file in spoken[digit, speaker][:LEARNED]:
                (own / file.name).symlink_to(file.resolve())
            build_own_word(read_catalog(own.parent), Path(folder) / "data", maker="measure", others=known)
            run = train(Path(folder) / "data", Path(folder) / "run").out
            line = []
            for name, noise in NOISE.items():
                y, times_s = in_a_row(spoken[digit, speaker][LEARNED : LEARNED + FOUND], rng, noise=noise)
                events = heard(run, y)
                hits = sum(any(abs(event.time_s - at) < 0.5 for event in events) for at in times_s)
                totals[name] += (hits, FOUND)
                line.append(f"{hits}/{FOUND} {name}")
            others = [file for one in "0123456789" if one != digit for file in spoken[one, speaker][:OTHERS]]
            taken = len(heard(run, in_a_row(others, rng)[0]))
            totals["other digits"] += (taken, len(others))
            some = [words[i] for i in rng.permutation(len(words))[:SECONDS]]
            false = len(heard(run, np.concatenate([audio.load(file, sr=SR)[0] for file in some])))
            alarms += false
            print(
                f"{digit} by {speaker}: {', '.join(line)}; {taken}/{len(others)} other digits; {false} in five minutes"
            )
    for name, (hits, of) in totals.items():
        print(f"{name}: {hits} of {of}, {hits / of:.1%}")
    print(f"taken for the word: {alarms} in {12 * SECONDS / 3600:g} hours of other words, without a pause ({UNKNOWN})")


if __name__ == "__main__":
    main()
