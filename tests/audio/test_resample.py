import numpy as np
import pytest

import sori
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
