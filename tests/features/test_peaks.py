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


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("first_hz", [0.0, 1000.0])
@pytest.mark.parametrize("off_hz", [-0.9, 0.0, 0.4])
def test_of_a_bell_place_and_height_are_exact(scale, first_hz, off_hz):
    """Its logarithm is a parabola."""
    hz = first_hz + 2.0 * np.arange(50)
    bell = scale * 0.3 * np.exp(-((hz - hz[20] - off_hz) ** 2) / 18)
    assert features.spectral_peaks(hz, bell) == [pytest.approx((hz[20] + off_hz, scale * 0.3))]


@pytest.mark.parametrize(
    ("values", "peaks"),
    [
        ([0, 1, 1, 0], [1]),  # of a plateau, its beginning
        ([0, 1, 2, 3, 4], []),  # the ends are no maxima
        ([4, 3, 2, 1, 0], []),
        ([0, 1, 0, 3, 0, 2, 0], [3, 5, 1]),
        ([1, 1, 1, 1], []),
        ([0, 1, 0], [1]),
    ],
)
def test_peaks_are_higher_than_before_and_no_lower_than_after(values, peaks):
    found = features.spectral_peaks(np.arange(float(len(values))), np.array(values, dtype=float))
    assert [(at, values[round(at)]) for at, _ in found] == [(i, values[i]) for i in peaks]


@pytest.mark.parametrize(("floor", "below_db"), [({}, 60), ({"floor_db": 20}, 20)])
def test_what_is_far_below_the_strongest_is_no_peak(floor, below_db):
    for db, n in ((below_db - 0.1, 2), (below_db + 0.1, 1)):
        values = np.array([0, 5, 0, 5 * 10 ** (-db / 20), 0])
        assert len(features.spectral_peaks(np.arange(5.0), values, **floor)) == n


def test_a_weaker_peak_that_is_near_a_stronger_is_part_of_it():
    values = np.array([0, 1, 0, 3, 0, 2, 0, 0, 1.5, 0])
    for apart_hz, peaks in ((0, [3, 5, 8, 1]), (2, [3, 5, 8, 1]), (2.1, [3, 8]), (5.1, [3])):
        found = features.spectral_peaks(np.arange(10.0), values, apart_hz=apart_hz)
        assert [at for at, _ in found] == peaks
    for count in (1, 2, 3):
        found = features.spectral_peaks(np.arange(10.0), values, count=count)
        assert [at for at, _ in found] == [3, 5, 8][:count]
    seven = np.tile([0.0, 1.0], 8)[:15]
    assert len(features.spectral_peaks(np.arange(15.0), seven)) == 6


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
