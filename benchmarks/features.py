"""MFCC, mel spectrogram and STFT of a 30 s clip against librosa, on one thread, and against the bare FFTs.

python benchmarks/features.py
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import time
from collections.abc import Callable

import librosa
import numpy as np
import scipy.fft

from sori import features

SR, N_FFT, HOP_LENGTH, N_MELS, N_MFCC = 22050, 2048, 512, 128, 13
ROUNDS = 15


def together(*jobs: Callable[[], object]) -> list[float]:
    """Best time of each job in seconds; the jobs take turns, so that a busy moment hits all of them."""
    best = [float("inf")] * len(jobs)
    for _ in range(ROUNDS):
        for i, job in enumerate(jobs):
            start = time.perf_counter()
            job()
            best[i] = min(best[i], time.perf_counter() - start)
    return best


def main() -> None:
    y = np.random.default_rng(0).standard_normal(30 * SR).astype(np.float32)
    frames = {"sr": SR, "n_fft": N_FFT, "hop_length": HOP_LENGTH}
    mel = {**frames, "n_mels": N_MELS}
    windows = {kind: np.zeros((64, N_FFT), dtype=kind) for kind in ("float32", "float64")}
    blocks = -(-features.FrontEnd(kind="mel", **frames).shape(len(y))[0] // 64)
    fft32, fft64, *rest = together(
        lambda: [scipy.fft.rfft(windows["float32"]) for _ in range(blocks)],
        lambda: [scipy.fft.rfft(windows["float64"]) for _ in range(blocks)],
        lambda: features.mfcc(y, n_mfcc=N_MFCC, **mel),
        lambda: librosa.feature.mfcc(y=y, n_mfcc=N_MFCC, **mel),
        lambda: features.mel_spectrogram(y, **mel),
        lambda: librosa.feature.melspectrogram(y=y, **mel),
        lambda: features.stft(y, **frames),
        lambda: librosa.stft(y, n_fft=N_FFT, hop_length=HOP_LENGTH),
    )
    batch = np.random.default_rng(0).standard_normal((500, SR)).astype(np.float32)
    rest += together(
        lambda: features.mfcc(batch, n_mfcc=N_MFCC, **mel),
        lambda: [librosa.feature.mfcc(y=clip, n_mfcc=N_MFCC, **mel) for clip in batch],
    )
    print("| one thread | Sori | librosa | times as fast | times the bare FFTs |")
    print("|---|---:|---:|---:|---:|")
    names = ("MFCC, 30 s", "mel spectrogram, 30 s", "STFT, 30 s", "MFCC, 500 clips of 1 s")
    bare = (fft32, fft64, fft64, None)
    for name, mine, theirs, fft in zip(names, rest[::2], rest[1::2], bare, strict=True):
        limit = f"{mine / fft:.1f}" if fft else ""
        print(f"| {name} | {mine * 1e3:.1f} ms | {theirs * 1e3:.1f} ms | {theirs / mine:.1f} | {limit} |")
    print(f"\nbare FFTs (scipy, {blocks} blocks of 64): float32 {fft32 * 1e3:.1f} ms, float64 {fft64 * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
