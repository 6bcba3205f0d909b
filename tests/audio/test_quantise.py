import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sori import audio
from sori.errors import ParameterError


@given(bits=st.integers(1, 24), seed=st.integers(0, 1000))
def test_quantising_is_uniform_and_mid_tread(bits, seed):
    y = np.random.default_rng(seed).uniform(-1, 1, 200)
    step = 2.0 ** (1 - bits)
    coarse = audio.quantise(y, bits).astype(np.float64)
    codes = coarse / step
    np.testing.assert_array_equal(codes, np.round(codes))
    assert codes.min() >= -(2 ** (bits - 1))
    assert codes.max() <= 2 ** (bits - 1) - 1
    inside = y <= 1 - step
    assert np.abs(coarse - y)[inside].max(initial=0) <= step / 2 + 1e-7
    assert audio.quantise(np.zeros(1), bits)[0] == 0


@pytest.mark.parametrize("bits", [4, 8, 12, 16])
def test_a_full_scale_sine_has_the_noise_that_theory_says(bits):
    half = 2 ** (bits - 1)
    y = audio.tone(997, sr=44100, duration_s=2, amplitude=(half - 1) / half).astype(np.float64)
    measured = audio.snr_db(y, audio.quantise(y, bits))
    expected = 6.02 * bits + 1.76 + 20 * np.log10((half - 1) / half)
    assert measured == pytest.approx(expected, abs=1.0 if bits == 4 else 0.2)  # few steps are not quite even noise
    assert audio.theoretical_snr_db(bits) == pytest.approx(6.0206 * bits + 1.7609, abs=1e-3)


def test_mu_law_goes_there_and_back():
    y = np.linspace(-1, 1, 5001)
    codes = audio.mu_law_encode(y)
    assert (codes.min(), codes.max()) == (0, 255)
    assert (np.diff(codes) >= 0).all()
    decoded = audio.mu_law_decode(codes)
    np.testing.assert_array_equal(audio.mu_law_encode(decoded), codes)
    # A step grows with the level: small samples keep more of themselves.
    error = np.abs(decoded - y)
    assert error[np.abs(y) < 0.01].max() < 3e-4
    assert error.max() < 0.025


def test_mu_law_is_librosas_curve():
    y = np.linspace(-1, 1, 101)
    compressed = 2 * audio.mu_law_encode(y) / 255 - 1
    np.testing.assert_allclose(compressed, librosa.mu_compress(y, quantize=False), atol=1 / 255)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: audio.quantise(np.zeros(3), 0), "bits must be a whole number"),
        (lambda: audio.quantise(np.zeros(3), 25), "bits must be 1 to 24"),
        (lambda: audio.quantise(np.zeros(3, dtype=int), 8), "floating-point"),
        (lambda: audio.quantise(np.array([np.nan]), 8), "finite"),
        (lambda: audio.mu_law_decode(np.array([256])), "codes must be whole numbers from 0 to mu=255"),
        (lambda: audio.mu_law_decode(np.array([0.5])), "codes must be whole"),
        (lambda: audio.mu_law_encode(np.zeros(2), mu=0), "mu must be"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
