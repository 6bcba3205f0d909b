"""`sori dataset build` of 60 thirty-second tracks against the plain script, whole process against whole process.

python benchmarks/dataset_build.py
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

SR, TRACKS, SEGMENTS = 22050, 60, 10
PLAIN = """
import json, sys
from pathlib import Path
import librosa
SR, SEGMENTS = 22050, 10
samples = int(30 * SR / SEGMENTS)
data = {"mapping": [], "labels": [], "mfcc": []}
for i, folder in enumerate(sorted(Path(sys.argv[1]).iterdir())):
    data["mapping"].append(folder.name)
    for file in sorted(folder.iterdir()):
        y, sr = librosa.load(file, sr=SR)
        for s in range(SEGMENTS):
            part = y[s * samples:(s + 1) * samples]
            mfcc = librosa.feature.mfcc(y=part, sr=sr, n_mfcc=13, n_fft=2048, hop_length=512)
            data["mfcc"].append(mfcc.T.tolist())
            data["labels"].append(i)
with open(sys.argv[2], "w") as file:
    json.dump(data, file, indent=4)
"""


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for i in range(TRACKS):
            (root / "tracks" / f"genre{i % 6}").mkdir(parents=True, exist_ok=True)
            y = 0.1 * rng.standard_normal(30 * SR)
            soundfile.write(root / "tracks" / f"genre{i % 6}" / f"{i}.wav", y, SR)
        sori = str(Path(sys.executable).with_name("sori"))
        build = [
            sori,
            "dataset",
            "build",
            str(root / "tracks"),
            "--out",
            str(root / "data"),
            "--feature",
            "mfcc",
            "--overwrite",
        ]
        export = [sori, "dataset", "export", str(root / "data"), "--out", str(root / "ours.json"), "--overwrite"]
        ours = theirs = exported = float("inf")
        for _ in range(3):
            ours = min(ours, seconds(build))
            exported = min(exported, seconds(export))
            theirs = min(theirs, seconds([sys.executable, "-c", PLAIN, str(root / "tracks"), str(root / "plain.json")]))
        print("| 60 tracks x 10 segments, whole process | seconds | times as fast as the plain script |")
        print("|---|---:|---:|")
        print(f"| plain script: librosa.load, librosa.feature.mfcc, json.dump(indent=4) | {theirs:.2f} | 1 |")
        print(f"| sori dataset build | {ours:.2f} | {theirs / ours:.1f} |")
        both = ours + exported
        print(f"| sori dataset build, then export to the same JSON | {both:.2f} | {theirs / both:.1f} |")


if __name__ == "__main__":
    main()
