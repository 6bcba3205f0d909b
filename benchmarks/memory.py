"""Peak memory of `sori dataset build` on 100 and on 1000 recordings of 30 s.

python benchmarks/memory.py
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

SR = 22050


def peak_mib(command: list[str]) -> float:
    """Largest resident size of a command, measured in a process that has no other child."""
    code = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, capture_output=True);"
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", code, *command], check=True, capture_output=True, text=True)
    return int(done.stdout) / 1024


def main() -> None:
    print("| recordings of 30 s | features | dataset on disk | peak memory |")
    print("|---:|---|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        y = 0.1 * np.random.default_rng(0).standard_normal(30 * SR)
        soundfile.write(root / "one.wav", y, SR)
        for count in (100, 1000):
            source = root / f"tracks{count}"
            for i in range(count):
                (source / f"genre{i % 10}").mkdir(parents=True, exist_ok=True)
                (source / f"genre{i % 10}" / f"{i}.wav").symlink_to(root / "one.wav")
            for feature in ("mfcc", "mel"):
                out = root / f"{feature}{count}"
                command = [
                    str(Path(sys.executable).with_name("sori")),
                    "dataset",
                    "build",
                    str(source),
                    "--out",
                    str(out),
                ]
                peak = peak_mib([*command, "--feature", feature])
                size = sum(file.stat().st_size for file in out.iterdir()) / 2**20
                print(f"| {count} | {feature} | {size:.0f} MiB | {peak:.0f} MiB |", flush=True)


if __name__ == "__main__":
    main()
