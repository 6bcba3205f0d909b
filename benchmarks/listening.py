"""Listening with the shipped `keywords`: loading, a prediction, and the load of one core in real time.

python benchmarks/listening.py [MINUTES]

The sound is synthetic: a second of voice-like noise every three seconds, which costs the same as speech.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import sori

SR = 16000
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, capture_output=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def spoken(minutes: float) -> np.ndarray:
    """Bursts of noise in near silence."""
    rng = np.random.default_rng(0)
    y = (1e-3 * rng.standard_normal(round(minutes * 60 * SR))).astype(np.float32)
    for begin in range(0, len(y) - SR, 3 * SR):
        y[begin : begin + SR] += (0.1 * np.hanning(SR) * rng.standard_normal(SR)).astype(np.float32)
    return y


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    code = (
        "import time; start = time.perf_counter(); import sori; "
        "sori.Classifier(sori.pretrained('keywords'), threads=1); print(time.perf_counter() - start)"
    )
    loading = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(7)]
    classifier = sori.Classifier(sori.pretrained("keywords"), threads=1)
    clip = spoken(1 / 60)
    took = []
    for _ in range(200):
        start = time.perf_counter()
        classifier.predict(clip, sr=SR)
        took.append(time.perf_counter() - start)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stream.flac"
        sori.audio.save(file, spoken(minutes), sr=SR)
        # From a small process, since memory is counted from the fork on, when a child still has its parent's.
        command = [sys.executable, "-c", MEASURED, Path(sys.executable).with_name("sori"), "listen", "keywords", file]
        used_s, most_kib = map(float, subprocess.check_output(command).split())
    print("| loading, imports included | a prediction of 1 s | `sori listen`, part of a core | most memory |")
    print("|---:|---:|---:|---:|")
    print(
        f"| {min(loading):.2f} s | {1000 * float(np.median(took)):.1f} ms | {used_s / (60 * minutes):.1%} "
        f"| {most_kib / 1024:.0f} MiB |"
    )


if __name__ == "__main__":
    main()
