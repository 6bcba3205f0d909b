import numpy as np
import pytest

from sori import audio, features
from sori.errors import ParameterError


def peak_hz(y, sr):
    hz, magnitude = features.spectrum(y * np.hanning(len(y)), sr=sr)
    return features.spectral_peaks(hz, magnitude, count=1)[0][0]


def test_a_tone_is_its_formula():
    y = audio.tone(440, sr=8000, duration_s=0.5, amplitude=0.3, phase=1.0)
    expected = 0.3 * np.sin(2 * np.pi * 440 * np.arange(4000) / 8000 + 1.0)
    assert (y.dtype, y.shape) == (np.float32, (4000,))
    np.testing.assert_allclose(y, expected, atol=1e-6)


def test_a_tone_above_nyquist_is_its_alias():
    np.testing.assert_allclose(
        audio.tone(5000, sr=8000, duration_s=0.1), -audio.tone(3000, sr=8000, duration_s=0.1), atol=1e-4
    )


def test_a_complex_tone_has_its_partials_and_none_above_nyquist():
    y = audio.complex_tone(1000, sr=8000, duration_s=1, amplitudes=(1, 0, 0.5, 0.25), amplitude=0.75)
    _, magnitude = features.spectrum(y, sr=8000)
    strengths = magnitude / 4000
    np.testing.assert_allclose(strengths[[1000, 2000, 3000]], [0.5, 0, 0.25], atol=1e-4)
    assert strengths[3500:].max() < 1e-3
    assert np.abs(y).max() <= 0.75


@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_chirp_passes_through_its_frequencies(logarithmic):
    sr = 16000
    y = audio.chirp(200, 3200, sr=sr, duration_s=4, logarithmic=logarithmic)
    middle = y[2 * sr - 800 : 2 * sr + 800]
    assert peak_hz(middle, sr) == pytest.approx(800 if logarithmic else 1700, rel=0.02)
    assert peak_hz(y[:1600], sr) < 350
    assert peak_hz(y[-1600:], sr) > 2900


def test_a_chirp_to_its_own_start_is_a_tone():
    glide = audio.chirp(300, 300, sr=8000, duration_s=0.1, logarithmic=True)
    np.testing.assert_allclose(glide, audio.tone(300, sr=8000, duration_s=0.1), atol=1e-5)


def test_clicks_are_where_they_should_be():
    y = audio.clicks([0, 0.25, 0.999], sr=1000, duration_s=1, amplitude=0.5)
    assert np.flatnonzero(y).tolist() == [0, 250, 999]
    assert set(y.tolist()) == {0.0, 0.5}


@pytest.mark.parametrize(
    ("colour", "slope_db"), [("white", 0), ("pink", -3.01), ("brown", -6.02), ("blue", 3.01), ("violet", 6.02)]
)
def test_noise_has_its_level_and_its_slope(rng, colour, slope_db):
    y = audio.noise(sr=16000, duration_s=8, rng=rng, level_db=-12, colour=colour)
    assert audio.rms_db(y) == pytest.approx(-12, abs=0.01)
    hz, magnitude = features.spectrum(y, sr=16000)
    octaves = [np.mean(magnitude[(hz >= low) & (hz < 2 * low)] ** 2) for low in (125, 250, 500, 1000, 2000, 4000)]
    measured = np.diff(10 * np.log10(octaves)).mean()
    assert measured == pytest.approx(slope_db, abs=0.3)


def test_noise_is_the_same_for_the_same_generator():
    first, second = (
        audio.noise(sr=8000, duration_s=0.1, rng=np.random.default_rng(3), colour="pink") for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: audio.tone(440, sr=0, duration_s=1), "sr must be"),
        (lambda: audio.tone(-1, sr=8000, duration_s=1), "frequency_hz must be"),
        (lambda: audio.tone(440, sr=8000, duration_s=0), "at least one sample"),
        (lambda: audio.tone(440, sr=8000, duration_s=1, amplitude=np.nan), "amplitude must be finite"),
        (lambda: audio.complex_tone(5000, sr=8000, duration_s=1), "no non-zero partial of 5000 Hz"),
        (lambda: audio.chirp(0, 100, sr=8000, duration_s=1, logarithmic=True), "start_hz must be"),
        (lambda: audio.clicks([2], sr=8000, duration_s=1), "a click's time must be"),
        (
            lambda: audio.noise(sr=8000, duration_s=1, rng=np.random.default_rng(0), colour="grey"),
            "colour must be one of white, pink",
        ),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
