import warnings

import librosa
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sori import features
from sori.errors import ParameterError
from sori.features.stft import band_bins, check_band
from tests.conftest import tone


@pytest.mark.parametrize("n_fft", [256, 1024, 2047])
@pytest.mark.parametrize("hop_length", [64, 500, None])
@pytest.mark.parametrize("n_samples", [1, 255, 4097, 22050])
def test_equals_librosa(rng, n_fft, hop_length, n_samples):
    y = rng.standard_normal(n_samples).astype(np.float32)
    mine = features.stft(y, sr=22050, n_fft=n_fft, hop_length=hop_length)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = librosa.stft(y, n_fft=n_fft, hop_length=hop_length)
    assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype)
    np.testing.assert_allclose(mine, theirs, atol=3e-5)  # of values up to 100


@pytest.mark.parametrize(
    "arguments",
    [
        {"center": False},
        {"win_length": 600},
        {"window": "blackman"},
        {"window": ("kaiser", 8.0)},
        {"pad_mode": "reflect"},
        {"pad_mode": "edge"},
    ],
    ids=str,
)
def test_equals_librosa_in_every_argument(rng, arguments):
    y = rng.standard_normal(5000).astype(np.float32)
    mine = features.stft(y, sr=22050, n_fft=1024, hop_length=256, **arguments)
    np.testing.assert_allclose(mine, librosa.stft(y, n_fft=1024, hop_length=256, **arguments), atol=1e-5)


def test_a_pure_tone_peaks_in_its_bin():
    magnitude = features.spectrogram(tone(64 * 16000 / 1024, sr=16000), sr=16000, n_fft=1024)
    assert magnitude[:, 10].argmax() == 64
    np.testing.assert_allclose(magnitude[64, 10], 0.5 * 1024 / 4, rtol=1e-4)  # half of Hann's area, half the amplitude


@pytest.mark.parametrize("power", [1.0, 2.0, 0.5, 3.0])
def test_spectrogram_is_the_magnitude(rng, power):
    y = rng.standard_normal(4000).astype(np.float32)
    expected = np.abs(features.stft(y, sr=8000, n_fft=512)) ** power
    np.testing.assert_allclose(features.spectrogram(y, sr=8000, n_fft=512, power=power), expected, rtol=1e-4, atol=1e-6)


def test_defaults_are_librosas(rng):
    y = rng.standard_normal(9000).astype(np.float32)
    theirs = librosa.stft(y)
    np.testing.assert_allclose(features.stft(y, sr=22050), theirs, atol=1e-4)
    np.testing.assert_allclose(features.spectrogram(y, sr=22050), np.abs(theirs), atol=1e-4)


@pytest.mark.parametrize("precision", [np.float16, np.float32, np.float64])
def test_a_transform_is_as_precise_as_its_samples(rng, precision):
    """Beside a tone of full scale, 64 bits tell values that 32 do not."""
    y = (tone(64 * 16000 / 1024, sr=16000).astype(np.float64)).astype(precision)
    exact = np.fft.rfft(y[:1024] * np.sin(np.pi * np.arange(1024) / 1024) ** 2)
    mine = features.stft(y, sr=16000, n_fft=1024, center=False)[:, 0]
    error = np.abs(mine - exact)[np.abs(exact) < 1e-3]
    assert error.max() < (1e-9 if precision is np.float64 else 1e-4)


def test_a_band_keeps_the_bins_at_its_ends():
    """Of bins 15.625 Hz apart, the seventh is at 109.375 Hz and the 64th at 1000 Hz."""
    for fmin, first in ((100.0, 7), (109.375, 7), (109.4, 8), (0.0, 0)):
        for fmax, last in ((1000.0, 64), (1015.0, 64), (1015.625, 65), (None, 512)):
            assert band_bins(sr=16000, n_fft=1024, fmin=fmin, fmax=fmax) == slice(first, last + 1)
    with pytest.raises(ParameterError, match=r"no bin lies between fmin=110 and fmax=124 Hz: bins are 15\.625 Hz"):
        band_bins(sr=16000, n_fft=1024, fmin=110, fmax=124)


def test_a_band_lies_between_0_and_half_the_rate():
    assert check_band(sr=16000, fmin=7999, fmax=None) == check_band(sr=16000, fmin=0, fmax=8000) == 8000
    for fmin, fmax, message in (
        (-1, 8000, "fmin must be 0 to 8000 Hz"),
        (0, 8001, "fmax must be 0 to 8000 Hz"),
        (8001, None, "fmin must be 0 to 8000 Hz"),
        (440, 440, "fmin must be below fmax"),
    ):
        with pytest.raises(ParameterError, match=message):
            check_band(sr=16000, fmin=fmin, fmax=fmax)


def test_spectrum_of_a_whole_clip(rng):
    y = rng.standard_normal(1001).astype(np.float32)
    hz, magnitude = features.spectrum(y, sr=8000)
    np.testing.assert_allclose(magnitude, np.abs(np.fft.rfft(y)), rtol=1e-4)
    np.testing.assert_allclose(hz, np.fft.rfftfreq(1001, 1 / 8000))
    assert features.spectrum(np.stack([y, y]), sr=8000)[1].shape == (2, 501)


@pytest.mark.parametrize("n_samples", [100, 3000, 50000])
def test_a_batch_is_its_clips(rng, n_samples):
    batch = rng.standard_normal((70, n_samples)).astype(np.float32)[: 70 if n_samples < 50000 else 2]
    whole = features.stft(batch, sr=8000, n_fft=512)
    for clip, alone in zip(batch, whole, strict=True):
        np.testing.assert_allclose(alone, features.stft(clip, sr=8000, n_fft=512), atol=1e-6)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(0), "at least one sample"),
        (np.zeros((2, 2, 2)), r"shape \(samples,\)"),
        (np.array([1, 2, 3]), "floating-point"),
        (np.array([0.0, np.nan]), "finite"),
        (np.array([[0.0, np.inf]]), "finite"),
    ],
)
def test_bad_samples_are_refused(y, message):
    with pytest.raises(ParameterError, match=message):
        features.stft(y, sr=8000)


def test_large_but_finite_samples_are_not():
    assert np.isfinite(features.stft(np.full(100, 1e25, dtype=np.float32), sr=8000, n_fft=64)).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hop_length": -1}, r"hop_length must be .* Received hop_length=-1"),
        ({"n_fft": 0}, "n_fft must be"),
        ({"win_length": 4096}, "win_length must be at most n_fft=2048"),
        ({"window": "triangel"}, "window must be one that scipy.signal knows"),
        ({"pad_mode": "zeros"}, "pad_mode must be one of"),
        ({"center": False}, "shorter than n_fft=2048"),
        ({"sr": 0}, "sr must be"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        features.stft(np.zeros(100), **{"sr": 8000, **arguments})


def test_the_rate_has_no_default():
    with pytest.raises(TypeError, match="sr"):
        features.stft(np.zeros(100))


@settings(deadline=None, max_examples=60)
@given(
    n_samples=st.integers(1, 9000),
    n_fft=st.integers(2, 4096),
    hop=st.floats(0.02, 1.5),
    win=st.floats(0.1, 1),
    window=st.sampled_from(["hann", "hamming", "blackman", "boxcar"]),
    center=st.booleans(),
    precision=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**32 - 1),
)
def test_equals_librosa_for_any_parameters(n_samples, n_fft, hop, win, window, center, precision, seed):
    assume(center or n_samples >= n_fft)
    y = np.random.default_rng(seed).uniform(-1, 1, n_samples).astype(precision)
    arguments = {
        "n_fft": n_fft,
        "hop_length": max(1, int(n_fft * hop)),
        "win_length": max(1, int(n_fft * win)),
        "window": window,
        "center": center,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = librosa.stft(y, **arguments)
    mine = features.stft(y, sr=22050, **arguments)
    assert mine.shape == theirs.shape
    np.testing.assert_allclose(mine, theirs, atol=1e-3)
    magnitude = features.spectrogram(y, sr=22050, **arguments)
    np.testing.assert_allclose(magnitude, np.abs(theirs), atol=1e-3)
