import platform

import librosa
import numpy as np
import pytest

from sori import features
from sori.features.transform import RealTransform, mkl_fft


@pytest.mark.parametrize("n_fft", [1, 2, 15, 512, 2047, 2048])
@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("library", ["scipy", "mkl"])
def test_transforms_are_numpys(rng, monkeypatch, n_fft, precision, library):
    if library == "scipy":
        monkeypatch.setattr("sori.features.transform.mkl_fft", lambda: None)
    elif platform.machine() == "x86_64":
        assert mkl_fft() is not None
    frames = rng.standard_normal((7, n_fft)).astype(precision)
    transform = RealTransform(9, n_fft, precision)
    for _ in range(2):  # the memory is used again
        transform.input[:7, :n_fft] = frames
        spectrum = transform(7)
        assert spectrum.dtype == np.result_type(precision, np.complex64)
        np.testing.assert_allclose(spectrum, np.fft.rfft(frames), atol=1e-4 if precision is np.float32 else 1e-11)


def test_both_libraries_give_librosas_numbers(rng, monkeypatch):
    y = rng.standard_normal(22050).astype(np.float32)
    for n_fft in (400, 2048):
        theirs = librosa.feature.mfcc(y=y, sr=22050, n_fft=n_fft, hop_length=n_fft // 4, n_mels=40)
        for library in (mkl_fft(), None):
            monkeypatch.setattr("sori.features.transform.mkl_fft", lambda library=library: library)
            mine = features.mfcc(y, sr=22050, n_fft=n_fft, hop_length=n_fft // 4, n_mels=40)
            np.testing.assert_allclose(mine, theirs, atol=1e-3)
