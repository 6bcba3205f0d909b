"""Make the embeddings that ship as the class `unknown` of `sori train --own-word`: speech and sounds of others.

python examples/embed_unknown.py RECORDINGS OUT

RECORDINGS is what examples/keyword_recordings.py made: spoken words, halves of words, sounds and music, a second each.
Digital silence, and noise of any level, are added. The embeddings are those of the package openwakeword 0.4, which must
be installed.
"""

import argparse
import re
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from sori import audio
from sori.training.own_word import PREPROCESSOR, Unknown, soft_noise

SILENT, NOISY = 20, 100


def nothing(sr: int) -> dict[str, np.ndarray]:
    """Return clips in which nothing is heard, by name: silence, and noise between white and pink."""
    rng = np.random.default_rng(0)
    made = {f"silence/digital{i}": np.zeros(sr, dtype=np.float32) for i in range(SILENT)}
    for i in range(NOISY):
        y = soft_noise(sr, rng)
        made[f"silence/noise{i}"] = (y / np.abs(y).max() * 10 ** rng.uniform(-6, -0.5)).astype(np.float32)
    return made


def main() -> None:
    """Embed every recording, and write them with the name of its source."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    files = sorted(given.recordings.rglob("*.flac"))
    sr = PREPROCESSOR.front_end.sr

    def embedded(file: Path) -> np.ndarray:
        y, _ = audio.load(file, sr=sr)
        return PREPROCESSOR.front_end(np.pad(y, (0, sr))[:sr])

    made = nothing(sr)
    x = np.array(Parallel(2, prefer="threads")(delayed(embedded)(file) for file in files))
    x = np.concatenate([x, PREPROCESSOR.front_end(np.stack(list(made.values())))])
    names = tuple(file.relative_to(given.recordings).with_suffix("").as_posix() for file in files)
    names += tuple(made)
    # Silence of Speech Commands names no source: each clip is one.
    groups = tuple(found[1] if (found := re.search(r"([^/_]+)_nohash", name)) else name for name in names)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    Unknown(x.astype(np.float32), names, groups).write(given.out)
    print(f"{given.out}: {len(x):,} clips of {len(set(groups)):,} sources, {given.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
