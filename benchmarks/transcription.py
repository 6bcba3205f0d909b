"""Speed of `sori transcribe` on five minutes of piano, whole process, on one core and two; peak memory for an hour.

python benchmarks/transcription.py [OTHER COMMAND...]

Another transcriber's command, to which the recording's name is added, is timed on the same five minutes.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from memory import peak_mib

PRELUDE = Path(__file__).parents[1] / "examples" / "prelude.flac"


def recording(path: Path, *, minutes: float) -> Path:
    """Write the prelude repeatedly, up to a duration."""
    y, sr = soundfile.read(PRELUDE, dtype="float32")
    times = int(np.ceil(minutes * 60 * sr / len(y)))
    with soundfile.SoundFile(path, "w", sr, 1) as file:
        left = round(minutes * 60 * sr)
        for _ in range(times):
            file.write(y[:left])
            left -= min(left, len(y))
    return path


def best_s(command: list[str], cores: set[int], *, times: int = 3) -> float:
    """Shortest time that a command takes on some cores, start and imports included."""

    def held() -> None:
        os.sched_setaffinity(0, cores)

    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, preexec_fn=held)
        best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    sori = str(Path(sys.executable).with_name("sori"))
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        five = recording(root / "five.flac", minutes=5)
        print("| five minutes of piano, whole process | cores | seconds, best of 3 | times real time |")
        print("|---|---:|---:|---:|")
        commands = {"sori transcribe": [sori, "transcribe", str(five), "--out", str(root), "--overwrite"]}
        if sys.argv[1:]:
            commands[Path(sys.argv[1]).name] = [*sys.argv[1:], str(five)]
        for count in (1, 2):
            for name, command in commands.items():
                taken_s = best_s(command, set(cores[:count]))
                print(f"| {name} | {count} | {taken_s:.2f} | {300 / taken_s:.0f} |", flush=True)
        hour = recording(root / "hour.flac", minutes=60)
        print("\n| recording | peak memory of sori transcribe |")
        print("|---|---:|")
        for name, path in {"5 min": five, "60 min": hour}.items():
            peak = peak_mib([sori, "transcribe", str(path), "--out", str(root), "--overwrite"])
            print(f"| {name} | {peak:.0f} MiB |", flush=True)


if __name__ == "__main__":
    main()
