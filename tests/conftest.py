"""What several tests need: signals whose answer is known, small folders of sounds, and the real recordings."""

from __future__ import annotations

import os
from collections.abc import Callable
from ctypes.util import find_library
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sori import audio
from sori.datasets import build, read_catalog
from sori.datasets.piano import make_piano_data
from sori.features import FrontEnd, Preprocessor, Segmenting
from sori.models import ARCHITECTURES
from sori.music import Note
from sori.music.midi import write_midi
from sori.reporter import Reporter
from sori.tasks.train import train
from sori.training.transcriber import PianoSettings, train_piano

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


def needs_package(module: str, *, in_ci: bool = True) -> pytest.MarkDecorator:
    """Skip without a package that Sori calls but does not require. CI brings it, unless it is too large for that."""
    lacking = find_spec(module) is None and not (ALL and in_ci)
    return pytest.mark.skipif(lacking, reason=f"the package {module} is not installed")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240501)


def tone(frequency_hz: float, *, sr: int, duration_s: float = 1.0) -> np.ndarray:
    return audio.tone(frequency_hz, sr=sr, duration_s=duration_s, amplitude=0.5)


def recording(path, y, sr=22050, **settings):
    soundfile.write(path, y, sr, **settings)
    return path


@pytest.fixture
def note(tmp_path):
    """A recording of A4 in silence, with a constant part and a name that HTML and formulas could take for theirs."""
    y = audio.complex_tone(440, sr=22050, duration_s=2, amplitude=0.5)
    silence = np.zeros(2205, dtype=np.float32)
    return recording(tmp_path / "음 $A$ <b>.wav", np.concatenate([silence, y, silence, silence]) + np.float32(0.0004))


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


# Compiling takes longer than trainings as small as these; tests/training/test_fit.py has what is compiled.
object.__setattr__(ARCHITECTURES["mlp"].recipe, "jit", False)

# One of each kind, for what is exported.
FRONT_ENDS = [
    FrontEnd(kind="waveform", sr=8000),
    FrontEnd(kind="spectrogram", sr=8000, n_fft=256, hop_length=100),
    FrontEnd(kind="spectrogram", sr=8000, n_fft=255, hop_length=128, fmin=200, fmax=2000, center=False),
    FrontEnd(kind="mel", sr=8000, n_fft=512, hop_length=128, n_mels=40, top_db=np.inf),
    FrontEnd(kind="mfcc", sr=8000, n_fft=512, hop_length=128, n_mels=40, n_mfcc=13, fmin=50, fmax=3800),
]
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


@pytest.fixture(scope="session")
def stream():
    """Ten seconds with a tone of each class of the `trained` model, each half a second, in faint noise."""
    rng = np.random.default_rng(0)
    y = 0.001 * rng.standard_normal(10 * 8000).astype(np.float32)
    truth = [(2.0, "낮은 음", 200), (4.5, "mid", 400), (7.0, "high", 800)]
    for time_s, _, hz in truth:
        start = round((time_s - 0.25) * 8000)
        y[start : start + 4000] += tone(hz, sr=8000, duration_s=0.5)
    return y, [(time_s, label) for time_s, label, _ in truth]


SMALL = PianoSettings(epochs=2, steps=2, batch_size=2, clip_s=1.0, options={"width": 0.1})


def move_out_of_reach(path):
    """Make a MIDI file's notes higher than any piano goes."""
    import pretty_midi

    song = pretty_midi.PrettyMIDI(str(path))
    for note in song.instruments[0].notes:
        note.pitch = 120
    song.write(str(path))


def melodies(folder):
    folder.mkdir()
    rng = np.random.default_rng(0)
    for composer in ("Bach", "Bach", "슈만", "Liszt"):
        i = len(list(folder.iterdir()))
        onsets = np.cumsum(rng.uniform(0.1, 0.5, 60))
        write_midi(
            [
                Note(float(t), float(t) + 0.3, int(p), 80)
                for t, p in zip(onsets, rng.permutation(88)[:60] + 21, strict=True)
            ],
            folder / f"{composer}_{i}.mid",
        )
    return folder


def shorten_notes(patch):
    patch.setattr("sori.synth.notebank._LONGEST_S", (0.6, 0.4))


@pytest.fixture
def short_notes(monkeypatch):
    """Pianos whose notes are short, and soon recorded."""
    shorten_notes(monkeypatch)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A folder with `midi`, `data`, and `run`, a small piano network whose training went through."""
    root = tmp_path_factory.mktemp("piano")
    melodies(root / "midi")
    for composer in ("Bach", "Liszt"):
        (root / "midi" / f"{composer}_broken.mid").write_bytes(b"MThd no")
    write_midi([Note(0.0, 1.0, 60, 80)], root / "midi" / "Bach_높다.mid")
    move_out_of_reach(root / "midi" / "Bach_높다.mid")
    (root / "others").mkdir()
    soundfile.write(root / "others" / "말.wav", np.random.default_rng(0).normal(0, 0.1, 9000), 8000)
    (root / "others" / "broken.wav").touch()
    given = {"strings": 1, "others": root / "others", "valid": ["liszt"], "hours": 0.01}
    with pytest.MonkeyPatch.context() as patch:
        shorten_notes(patch)
        make_piano_data(root / "data", midi=root / "midi", **given)
    train_piano(root / "data", root / "run", settings=SMALL)
    return root


@pytest.fixture(scope="session")
def cleaner(made):
    """A small model of a spectrum."""
    settings = replace(SMALL, target="spectrum", mixed_precision=True, lr=0.05)
    train_piano(made / "data", made / "cleaner", settings=settings)
    return made / "cleaner"
