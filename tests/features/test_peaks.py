import numpy as np
import pytest

from sori import audio, features
from sori.errors import ParameterError


def spectrum(y, sr):
    window = np.hanning(len(y))
    hz, magnitude = features.spectrum(y * window, sr=sr)
    return hz, magnitude * 2 / window.sum()


@pytest.mark.parametrize("hz", [440.0, 441.3, 1234.56])
def test_finds_a_tone_between_bins(hz):
    y = audio.tone(hz, sr=16000, duration_s=0.25, amplitude=0.5)
    at, strength = features.spectral_peaks(*spectrum(y, 16000), count=1)[0]
    assert at == pytest.approx(hz, abs=0.2)
    assert strength == pytest.approx(0.5, rel=0.03)


def test_strongest_first_and_apart():
    y = audio.tone(300, sr=8000, duration_s=1, amplitude=0.2) + audio.tone(1000, sr=8000, duration_s=1, amplitude=0.7)
    found = features.spectral_peaks(*spectrum(y, 8000), count=5, apart_hz=50)
    assert [round(hz) for hz, _ in found] == [1000, 300]


def test_silence_and_noise_floors_have_no_peaks():
    assert features.spectral_peaks(np.arange(5.0), np.zeros(5)) == []
    assert features.spectral_peaks(np.arange(2.0), np.ones(2)) == []
    with pytest.raises(ParameterError, match="must have shape"):
        features.spectral_peaks(np.arange(5.0), np.zeros(4))


def test_a_peak_beside_nothing_is_as_high_as_it_is():
    for values, where in (([0, 0, 1, 0.9, 0], 2.0), ([0, 1, 1], 1.0), ([0, 0, 1, 0, 0], 2.0)):
        assert features.spectral_peaks(np.arange(float(len(values))), np.array(values))[0] == (where, 1.0)


def test_centroid_is_the_centre_of_gravity():
    y = audio.tone(1000, sr=8000, duration_s=1) + audio.tone(3000, sr=8000, duration_s=1)
    assert features.spectral_centroid(*spectrum(y, 8000)) == pytest.approx(2000, rel=0.01)
    assert np.isnan(features.spectral_centroid(np.arange(3.0), np.zeros(3)))
