import numpy as np
import pytest

from sori.synth.notebank import VELOCITIES
from sori.synth.strings import StruckStrings
from sori.units import midi_to_hz


@pytest.mark.parametrize("pitch", [40, 60, 80])
def test_a_key_sounds_at_its_pitch(pitch):
    y = StruckStrings(3, sr=8000).strike(pitch, duration_s=1.0)
    spectrum = np.abs(np.fft.rfft(y[3]))
    hz = float(midi_to_hz(pitch))
    near = spectrum[round(hz * 0.98) : round(hz * 1.02) + 1].max()
    assert near > 5 * np.median(spectrum)
    assert spectrum[round(hz * 0.93) : round(hz * 0.95)].max() < near


def test_harder_is_louder_and_brighter():
    y = StruckStrings(0).strike(48, duration_s=0.5)
    assert y.shape == (len(VELOCITIES), 8000)
    assert (np.diff(np.abs(y).max(axis=1)) > 0).all()
    hz = np.fft.rfftfreq(8000, 1 / 16000)
    power = np.abs(np.fft.rfft(y)) ** 2
    centroids = (power * hz).sum(axis=1) / power.sum(axis=1)
    assert centroids[-1] > centroids[0]


def test_it_dies_away():
    y = StruckStrings(1).strike(72, duration_s=3.0)[-1]
    assert np.abs(y[-4000:]).max() < 0.2 * np.abs(y[:4000]).max()


def test_a_seed_is_one_piano_and_another_is_another():
    first, again, other = (StruckStrings(seed, sr=8000).strike(60, duration_s=0.2) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other, atol=1e-3)
