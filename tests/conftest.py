"""What several tests need: signals whose answer is known, small folders of sounds, and the real recordings."""

from __future__ import annotations

import os
from collections.abc import Callable
from ctypes.util import find_library
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sori import audio
from sori.datasets import build, read_catalog
from sori.features import FrontEnd, Preprocessor, Segmenting
from sori.reporter import Reporter
from sori.tasks.train import train

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "data"
# The two reasons to skip: the real recordings are too many to ship, and are beside the checkout where there are any;
# and FluidSynth is a system's library that pip cannot bring. Where SORI_TEST_ALL is set, as in CI, neither is one.
ALL = "SORI_TEST_ALL" in os.environ
needs_real = pytest.mark.skipif(
    not REAL.is_dir() and not ALL, reason="the real recordings are not beside this checkout"
)
needs_fluidsynth = pytest.mark.skipif(
    not find_library("fluidsynth") and not ALL, reason="the FluidSynth library is not installed"
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240501)


def tone(frequency_hz: float, *, sr: int, duration_s: float = 1.0) -> np.ndarray:
    return audio.tone(frequency_hz, sr=sr, duration_s=duration_s, amplitude=0.5)


@pytest.fixture
def sounds(tmp_path: Path) -> Callable[..., Path]:
    """Make a folder of class folders: tones of each class's own pitch, in noise, several recordings each."""

    def make(
        classes: tuple[str, ...] = ("high", "low"),
        *,
        recordings: int = 6,
        duration_s: float = 1.0,
        sr: int = 8000,
        name: str = "sounds",
    ) -> Path:
        root = tmp_path / name
        rng = np.random.default_rng(1)
        for c, label in enumerate(classes):
            (root / label).mkdir(parents=True)
            for i in range(recordings):
                y = tone(300 * (c + 1) + 5 * i, sr=sr, duration_s=duration_s)
                y = y + 0.02 * rng.standard_normal(len(y)).astype(np.float32)
                soundfile.write(root / label / f"{label}_s{i % 3}_{i}.wav", y, sr)
        return root

    return make


class Said(Reporter):
    """Keeps what work says, and calls what a test gives it."""

    def __init__(self, said=None, *, on_say=lambda line: None, on_progress=lambda *report: None):
        super().__init__()
        self.said = [] if said is None else said
        self.on_say, self.on_progress = on_say, on_progress

    def say(self, line):
        self.said.append(line)
        self.on_say(line)

    def show(self, stage, done, total, values):
        self.on_progress(stage, done, total, values)


FRONT_END = FrontEnd(kind="mfcc", sr=8000, n_fft=512, hop_length=128, n_mels=40)


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Path:
    """A folder with `sounds` (three classes of tones, one file empty), `data` (two segments each) and `run`."""
    root = tmp_path_factory.mktemp("trained")
    rng = np.random.default_rng(5)
    for c, label in enumerate(("낮은 음", "mid", "high")):
        (root / "sounds" / label).mkdir(parents=True)
        for i in range(12):
            y = tone(200 * 2**c + 7 * i, sr=8000) + 0.02 * rng.standard_normal(8000).astype(np.float32)
            soundfile.write(root / "sounds" / label / f"{i % 4}-{label}_{i}.wav", y, 8000)
    (root / "sounds" / "mid" / "0-empty.wav").touch()
    catalog = read_catalog(root / "sounds")
    build(catalog, root / "data", preprocessor=Preprocessor(FRONT_END, Segmenting(duration_s=1, segments=2)))
    train(root / "data", root / "run", model="mlp", epochs=12, lr=1e-3, model_options={"dropout": 0.1})
    return root
