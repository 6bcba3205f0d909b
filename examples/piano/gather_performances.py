"""Put performances from several collections into one folder, with the manifest that `sori piano synth --midi` reads.

    python gather_performances.py OUT --train pop909=DIR --train lieder=DIR --held-out ASAP --pieces Bach=4,Haydn=4

Every MIDI file of a --train folder is taken, under the name of its collection. Of the --held-out folder, whose
`manifest.csv` gives the composer of each file, the given number of pieces of each composer is drawn (always the same)
for validation and test; other pieces of these composers are not used.
"""

from __future__ import annotations

import argparse
import csv
import random
import shutil
from pathlib import Path


def held_out(folder: Path, pieces: dict[str, int]) -> list[tuple[Path, str]]:
    """Draw files of each composer."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    rng = random.Random(1)
    chosen: list[tuple[Path, str]] = []
    for composer, count in pieces.items():
        files = [row["file"] for row in rows if row["composer"] == composer]
        if not files:
            raise SystemExit(f"{folder}: has no piece by {composer}")
        rng.shuffle(files)
        chosen += [(folder / file, composer) for file in files[:count]]
    return chosen


def main() -> None:
    """Gather."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--train", action="append", default=[], metavar="NAME=DIR")
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--pieces", required=True, help="COMPOSER=COUNT, with commas between")
    given = parser.parse_args()
    wanted = {name: int(count) for name, count in (part.split("=") for part in given.pieces.split(","))}
    files = held_out(given.held_out, wanted)
    for name, folder in (one.split("=", 1) for one in given.train):
        found = sorted(path for path in Path(folder).iterdir() if path.suffix.lower() in (".mid", ".midi"))
        if not found:
            raise SystemExit(f"{folder}: holds no MIDI files")
        files += [(path, name) for path in found]
    given.out.mkdir(parents=True)
    with (given.out / "manifest.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(["file", "composer"])
        for path, composer in files:
            name = path.name if composer in wanted else f"{composer}_{path.name}"
            shutil.copy(path, given.out / name)
            writer.writerow([name, composer])
    print(f"{given.out}: {len(files)} performances")


if __name__ == "__main__":
    main()
