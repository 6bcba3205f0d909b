import numpy as np
import pytest

import sori
from sori import audio
from sori.errors import ParameterError
from tests.conftest import tone


def test_shapes_and_rate():
    y = np.stack([tone(300, sr=44100), tone(500, sr=44100)])
    out = sori.resample(y, from_sr=44100, to_sr=22050)
    assert (out.shape, out.dtype) == ((2, 22050), np.float32)
    np.testing.assert_allclose(out[1], sori.resample(y[1], from_sr=44100, to_sr=22050))


def test_same_rate_is_the_same_clip():
    y = tone(300, sr=8000)
    assert sori.resample(y, from_sr=8000, to_sr=8000) is y


def test_nothing_aliases():
    out = sori.resample(tone(7000, sr=44100), from_sr=44100, to_sr=8000)
    assert np.abs(out[200:-200]).max() < 1e-4


def test_rates_are_checked():
    with pytest.raises(ParameterError, match="to_sr"):
        sori.resample(tone(300, sr=8000), from_sr=8000, to_sr=0)


def test_without_a_filter_what_lies_above_nyquist_folds_down():
    y = audio.tone(5000, sr=48000, duration_s=1)
    folded = audio.resample(y, from_sr=48000, to_sr=8000, antialias=False)
    filtered = audio.resample(y, from_sr=48000, to_sr=8000)
    np.testing.assert_allclose(folded, audio.tone(5000, sr=8000, duration_s=1), atol=1e-3)
    assert np.abs(folded).max() > 0.9
    assert np.abs(filtered[100:-100]).max() < 1e-3
    stereo = audio.resample(np.stack([y, -y]), from_sr=48000, to_sr=8000, antialias=False)
    np.testing.assert_array_equal(stereo, np.stack([folded, -folded]))
