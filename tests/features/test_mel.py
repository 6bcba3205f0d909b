import warnings

import librosa
import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

import sori
from sori import features
from sori.errors import ParameterError
from tests.conftest import REAL, needs_real, tone

TOLERANCE = 1e-3  # dB or coefficient
SETTINGS = [(256, 64, 20), (512, 160, 40), (1024, 256, 64), (2048, 512, 128), (2047, 333, 80), (4096, 1024, 128)]


def differences(y: np.ndarray, *, sr: int, n_fft: int, hop_length: int, n_mels: int) -> tuple[float, float]:
    """Largest difference from librosa, of the mel spectrogram in dB and of the MFCCs."""
    frames = {"sr": sr, "n_fft": n_fft, "hop_length": hop_length, "n_mels": n_mels}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of clips shorter than a window, and of empty filters
        their_db = librosa.power_to_db(librosa.feature.melspectrogram(y=y, **frames))
        their_mfcc = librosa.feature.mfcc(y=y, n_mfcc=13, **frames)
        my_db = features.power_to_db(features.mel_spectrogram(y, **frames))
        my_mfcc = features.mfcc(y, n_mfcc=13, **frames)
    assert (my_db.shape, my_mfcc.shape) == (their_db.shape, their_mfcc.shape)
    assert my_db.dtype == my_mfcc.dtype == np.float32
    return float(np.abs(my_db - their_db).max()), float(np.abs(my_mfcc - their_mfcc).max())


def signals(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        "noise": (0.1 * rng.standard_normal(20001)).astype(np.float32),
        "tone": tone(440, sr=22050),
        "low tone": tone(55, sr=22050),
        "silence": np.zeros(9999, dtype=np.float32),
        "shorter than a window": rng.standard_normal(200).astype(np.float32),
        "one sample": np.ones(1, dtype=np.float32),
        "a click": np.eye(1, 8000, 4000, dtype=np.float32)[0],
    }


@pytest.mark.parametrize(("n_fft", "hop_length", "n_mels"), SETTINGS)
def test_equals_librosa(rng, n_fft, hop_length, n_mels):
    for name, y in signals(rng).items():
        db, coefficient = differences(y, sr=22050, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels)
        assert db <= TOLERANCE, name
        assert coefficient <= TOLERANCE, name


@needs_real
@pytest.mark.parametrize(("n_fft", "hop_length", "n_mels"), SETTINGS)
def test_equals_librosa_on_music_and_speech(n_fft, hop_length, n_mels):
    files = sorted((REAL / "music").glob("*.ogg"))
    assert len(files) >= 10
    for file in files:
        y, sr = sori.load(file, sr=22050, duration_s=4)
        db, coefficient = differences(y, sr=sr, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels)
        assert db <= TOLERANCE, file
        assert coefficient <= TOLERANCE, file


@settings(deadline=None, max_examples=40)
@given(
    n_samples=st.integers(1, 6000),
    n_fft=st.integers(32, 1500),
    hop_length=st.integers(1, 700),
    n_mels=st.integers(13, 60),
    sr=st.sampled_from([8000, 16000, 22050, 44100]),
    seed=st.integers(0, 2**32 - 1),
)
def test_equals_librosa_for_any_parameters(n_samples, n_fft, hop_length, n_mels, sr, seed):
    y = np.random.default_rng(seed).uniform(-1, 1, n_samples).astype(np.float32)
    db, coefficient = differences(y, sr=sr, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels)
    assert db <= TOLERANCE
    assert coefficient <= TOLERANCE


@pytest.mark.parametrize("htk", [False, True])
@pytest.mark.parametrize("norm", ["slaney", None])
@pytest.mark.parametrize(("fmin", "fmax"), [(0.0, None), (27.5, 4186.0)])
def test_filters_are_librosas(htk, norm, fmin, fmax):
    arguments = {"sr": 22050, "n_fft": 2048, "n_mels": 64, "fmin": fmin, "fmax": fmax, "htk": htk, "norm": norm}
    np.testing.assert_allclose(features.mel_filters(**arguments), librosa.filters.mel(**arguments), atol=1e-7)


def test_defaults_are_librosas(rng):
    y = rng.standard_normal(9000).astype(np.float32)
    np.testing.assert_allclose(
        features.mel_spectrogram(y, sr=22050), librosa.feature.melspectrogram(y=y, sr=22050), rtol=1e-4
    )
    np.testing.assert_allclose(features.mfcc(y, sr=22050), librosa.feature.mfcc(y=y, sr=22050), atol=TOLERANCE)
    filters = features.mel_filters(sr=22050, n_fft=2048)
    np.testing.assert_allclose(filters, librosa.filters.mel(sr=22050, n_fft=2048), atol=1e-7)
    assert not filters.flags.writeable


def test_short_frames_are_transformed_in_64_bits():
    """Levels far below a low tone: 32 bits would be 3e-4 off."""
    y = np.sin(2 * np.pi * 50 * np.arange(8000) / 16000).astype(np.float32)
    cut = np.lib.stride_tricks.sliding_window_view(np.pad(y.astype(np.float64), 128), 256)[::64]
    power = np.abs(np.fft.rfft(cut * np.sin(np.pi * np.arange(256) / 256) ** 2)) ** 2
    db = 10 * np.log10(power @ features.mel_filters(sr=16000, n_fft=256, n_mels=40).T.astype(np.float64))
    exact = scipy.fft.dct(np.maximum(db, db.max() - 80), norm="ortho")[:, :13].T
    mine = features.mfcc(y, sr=16000, n_fft=256, hop_length=64, n_mels=40, n_mfcc=13)
    np.testing.assert_allclose(mine, exact, atol=1e-4)


@pytest.mark.parametrize(
    "arguments",
    [
        {"lifter": 22},
        {"dct_type": 3},
        {"norm": None},
        {"mel_norm": None},
        {"htk": True},
        {"power": 1.0},
        {"power": 3.0},
        {"fmin": 100.0, "fmax": 4000.0},
        {"center": False},
        {"window": "hamming"},
    ],
    ids=str,
)
def test_mfcc_equals_librosa_in_every_argument(rng, arguments):
    y = rng.standard_normal(9000).astype(np.float32)
    mine = features.mfcc(y, sr=22050, n_mfcc=20, **arguments)
    theirs = librosa.feature.mfcc(y=y, sr=22050, n_mfcc=20, **arguments)
    scale = max(1.0, float(np.abs(theirs).max()) / 1000)  # without ortho the coefficients are larger by far
    np.testing.assert_allclose(mine, theirs, atol=TOLERANCE * scale)


def test_a_batch_is_its_clips_however_loud_the_others(rng):
    batch = rng.standard_normal((3, 7000)).astype(np.float32) * np.array([[1e-4], [1.0], [0.0]], dtype=np.float32)
    for clip, alone in zip(batch, features.mfcc(batch, sr=16000, n_fft=1024), strict=True):
        np.testing.assert_allclose(alone, features.mfcc(clip, sr=16000, n_fft=1024), atol=1e-3)


def test_empty_filters_are_named():
    with pytest.warns(UserWarning, match=r"of 90 mel filters are empty \(the first: 0, .*use fewer n_mels"):
        features.mel_filters(sr=22050, n_fft=256, n_mels=90)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fmin": 5000.0, "fmax": 4000.0}, "fmin must be below fmax. Received fmin=5000, fmax=4000 Hz"),
        ({"fmax": 20000.0}, "fmax must be 0 to 8000 Hz"),
        ({"n_mels": 0}, "n_mels must be"),
        ({"n_mfcc": 200}, "n_mfcc must be at most n_mels=128"),
        ({"lifter": -1}, "lifter must be at least 0"),
        ({"dct_type": 4}, "dct_type must be one of 1, 2, 3"),
        ({"norm": "slaney"}, "norm must be 'ortho' or None"),
        ({"mel_norm": "ortho"}, "norm must be 'slaney' or None"),
        ({"power": 0}, "power must be"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        features.mfcc(np.zeros(100), sr=16000, **arguments)
