import numpy as np
import pytest

from sori import audio
from sori.errors import ParameterError
from sori.features import LogFrequency, log_frequency_filters
from sori.units import midi_to_hz

RECIPE = LogFrequency()


def test_every_filter_below_nyquist_sums_to_one_and_the_others_are_empty():
    filters = log_frequency_filters(sr=16000, n_fft=1024, fmin=27.5, bins_per_octave=36, n_bins=352)
    middles_hz = 27.5 * 2 ** (np.arange(352) / 36)
    np.testing.assert_allclose(filters[middles_hz <= 8000].sum(axis=1), 1, rtol=1e-5)
    assert not filters[middles_hz > 8000].any()
    assert not filters.flags.writeable


def test_a_hand_computed_bank():
    """Middles at 1, 2, 4 and 8 Hz, an octave wide on either side, and of spectra with a bin a hertz up to 4 Hz."""
    filters = log_frequency_filters(sr=8, n_fft=8, fmin=1, bins_per_octave=1, n_bins=4)
    triangles = np.array([[0, 4, 0, 0, 0], [0, 2, 4, 2, 0], [0, 1, 2, 3, 4], [0, 0, 0, 0, 0]])
    np.testing.assert_allclose(filters, triangles / [[4], [8], [10], [1]], rtol=1e-6)
    # Half as far apart, they would be narrower than a bin: then they reach to the next one and no further.
    narrow = log_frequency_filters(sr=8, n_fft=8, fmin=2, bins_per_octave=2, n_bins=3)
    r = 2 * 2**0.5
    reach = r * (2**0.5 - 1)
    sloping = np.array([0, 0, 1 - (r - 2) / reach, 1 - (3 - r) / reach, 1 - (4 - r) / reach])
    expected = [np.eye(5)[2], sloping.clip(0) / sloping.clip(0).sum(), [0, 0, 0, 1 - 1 / (4 * (2**0.5 - 1)), 1]]
    np.testing.assert_allclose(narrow[0], expected[0], atol=1e-6)
    np.testing.assert_allclose(narrow[1], expected[1], atol=1e-6)
    np.testing.assert_allclose(narrow[2], expected[2] / np.sum(expected[2]), atol=1e-6)


def test_the_lowest_of_a_pianos_three_bins_a_key_is_a_third_of_a_semitone_below_it():
    assert RECIPE.fmin * 2 ** (1 / 36) == pytest.approx(27.5)
    assert (RECIPE.frame_s, RECIPE.frames(16000)) == (0.02, 51)


@pytest.mark.parametrize("pitch", [45, 60, 69, 84, 100])
def test_a_key_is_the_middle_one_of_its_three_bins(pitch):
    y = audio.tone(float(midi_to_hz(pitch)), sr=16000, duration_s=1)
    long_window = RECIPE(y)[25, :, 1]
    assert abs(int(long_window.argmax()) - (3 * (pitch - 21) + 1)) <= (1 if pitch < 50 else 0)


def test_zero_is_80_db_below_a_full_scale_sine():
    sine = audio.tone(440, sr=16000, duration_s=1)
    levels = RECIPE(sine)[25].max(axis=0)
    np.testing.assert_allclose(levels, 1, atol=0.05)
    np.testing.assert_allclose(RECIPE(0.1 * sine)[25].max(axis=0), levels - 20 / 80, atol=1e-3)
    assert RECIPE(np.zeros(16000, dtype=np.float32)).max() == pytest.approx(0, abs=1e-6)


def test_a_batch_is_its_clips(rng):
    clips = rng.standard_normal((3, 5000)).astype(np.float32)
    batch = RECIPE(clips)
    assert batch.shape == (3, RECIPE.frames(5000), 296, 2)
    for clip, features in zip(clips, batch, strict=True):
        np.testing.assert_allclose(RECIPE(clip), features, atol=1e-5)


def test_it_comes_back_from_json():
    assert LogFrequency.from_dict(LogFrequency(n_bins=300, windows=(2048,)).to_dict()).windows == (2048,)
    with pytest.raises(ParameterError, match="unknown key"):
        LogFrequency.from_dict({"hop": 3})


def test_what_cannot_be_is_refused():
    with pytest.raises(ParameterError, match="fmin"):
        log_frequency_filters(sr=8000, n_fft=512, fmin=4001, bins_per_octave=12, n_bins=3)
    with pytest.raises(ParameterError, match="fmin must be 1 to 4000 Hz"):
        log_frequency_filters(sr=8000, n_fft=512, fmin=0.9, bins_per_octave=12, n_bins=3)
    assert log_frequency_filters(sr=8000, n_fft=512, fmin=4000, bins_per_octave=12, n_bins=1).any()
    with pytest.raises(ParameterError, match="n_fft"):
        LogFrequency(windows=(0,))
