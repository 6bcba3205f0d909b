"""Prepare the training data of the shipped `keywords`: spoken words, and sounds that occur between them.

python examples/keyword_recordings.py SPEECH_COMMANDS ESC10 INSTRUMENTS OUT

A network trained only on whole words and noise detects words in music and running speech too. So `unknown` also
gets the end of one word with the beginning of another, both by one speaker, and `silence` also gets sounds of ESC-10
and notes of an orchestra, one or several. File names say which recordings are of one source: `NAME_nohash_NUMBER`, as
in Speech Commands, for `--group-by '([^/_]+)_nohash'`.
"""

import argparse
import re
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np

from sori import audio

SR = 16000
HALVES_OF_A_SPEAKER, PIECES_OF_MUSIC = 3, 300


def halves(words: dict[str, list[Path]], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Join the end of one word and the beginning of another, each cut at half of its energy; by speaker."""
    made = {}
    for speaker, files in words.items():
        if len(files) < 2:
            continue
        for i in range(HALVES_OF_A_SPEAKER):
            first, second = (audio.load(files[k], sr=SR)[0] for k in rng.choice(len(files), 2, replace=False))
            end, beginning = first[middle(first) :], second[: middle(second)]
            made[f"{speaker}_nohash_half{i}"] = one_second(np.concatenate([end, beginning]), len(end))
    return made


def middle(y: np.ndarray) -> int:
    """Return the sample at which half of a clip's energy is reached."""
    energy = np.cumsum(y.astype(np.float64) ** 2)
    return int(np.searchsorted(energy, energy[-1] / 2))


def one_second(y: np.ndarray, about: int) -> np.ndarray:
    """Return one second around a sample, padded with silence."""
    padded = np.pad(y, SR)
    return padded[about + SR // 2 : about + SR // 2 + SR]


def sounds(folder: Path, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Take a second of each clip of ESC-10, at a random place that is not silent; by source recording."""
    made = {}
    for file in sorted(folder.rglob("*.ogg")):
        y, _ = audio.load(file, sr=SR)
        source = re.match(r"\d-(\d+)", file.name)[1]
        loud = np.flatnonzero(np.abs(y) > 0.1 * np.abs(y).max())
        made[f"esc{source}_nohash_{file.stem}"] = one_second(y, int(rng.choice(loud)))
    return made


def music(folder: Path, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Mix one to eight notes of one or two instruments, at random times in a second; by number."""
    notes = defaultdict(list)
    for file in sorted(folder.rglob("*.mp3")):
        if file.stat().st_size:
            notes[file.parent.name].append(file)
    made = {}
    for i in range(PIECES_OF_MUSIC):
        players = rng.choice(sorted(notes), rng.integers(1, 3))
        y = np.zeros(SR, dtype=np.float32)
        for _ in range(rng.integers(1, 9)):
            files = notes[rng.choice(players)]
            note, _ = audio.load(files[rng.integers(len(files))], sr=SR)
            note = note / max(np.abs(note).max(), 1e-6) * rng.uniform(0.3, 1)
            begin = int(rng.integers(-SR // 2, SR - SR // 10))
            note = note[max(0, -begin) :][: SR - max(0, begin)]
            y[max(0, begin) : max(0, begin) + len(note)] += note
        made[f"music{i}_nohash_0"] = y
    return made


def main() -> None:
    """Copy the words and add the other recordings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("speech_commands", "esc10", "instruments", "out"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args()
    speech, out = given.speech_commands, given.out
    rng = np.random.default_rng(0)
    words = defaultdict(list)
    for file in sorted(speech.rglob("*.flac")):
        target = out / file.relative_to(speech)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
        speaker = re.search("([0-9a-f]{8})_nohash", file.name)
        if speaker:
            words[speaker[1]].append(file)
    made = {"unknown": halves(words, rng), "silence": {**sounds(given.esc10, rng), **music(given.instruments, rng)}}
    for label, clips in made.items():
        for name, y in clips.items():
            peak = float(np.abs(y).max())
            audio.save(out / label / f"{name}.flac", y / max(peak, 1e-6) * rng.uniform(0.05, 0.9), sr=SR)
    print({label: len(clips) for label, clips in made.items()})


if __name__ == "__main__":
    main()
