import sys
from types import ModuleType

import numpy as np
import pytest

from sori.audio import microphone
from sori.errors import AudioError, MissingDependencyError
from tests.conftest import Said


class PortAudioError(Exception):
    pass


@pytest.fixture
def sounddevice(monkeypatch):
    """A sounddevice with one microphone, which hears a ramp."""
    module = ModuleType("sounddevice")

    class InputStream:
        def __init__(self, *, samplerate, channels, dtype, blocksize, device):
            if device == "none" or (device == "slow" and samplerate != 44100):
                raise PortAudioError("Error querying device -1")
            self.n = 0

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def read(self, n):
            self.n += n
            return np.arange(self.n - n, self.n, dtype=np.float32)[:, np.newaxis], self.n == 2 * n

    def query_devices(device, kind):
        if device == "none":
            raise PortAudioError("Error querying device -1")
        return {"default_samplerate": 44100.0}

    module.query_devices = query_devices
    module.InputStream, module.PortAudioError = InputStream, PortAudioError
    monkeypatch.setitem(sys.modules, "sounddevice", module)


def test_what_it_hears_comes_in_tenths_of_a_second(sounddevice):
    samples = microphone(sr=8000)
    np.testing.assert_array_equal(np.concatenate([next(samples), next(samples)]), np.arange(1600))


def test_no_microphone_is_one_line(sounddevice):
    with pytest.raises(AudioError, match="the microphone cannot be used: Error querying device -1; give a recording"):
        next(microphone(sr=8000, device="none"))


def test_no_sounddevice_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingDependencyError, match=r"sori\[microphone\]"):
        next(microphone(sr=8000))


def test_a_device_without_the_rate_is_resampled(sounddevice):
    samples = microphone(sr=16000, device="slow")
    y = np.concatenate([next(samples) for _ in range(20)])
    assert len(y) == pytest.approx(2 * 16000, abs=800)
    np.testing.assert_allclose(np.diff(y[1000:-1000]), 44100 / 16000, rtol=0.05)


def test_samples_that_were_lost_are_told(sounddevice):
    said = []
    samples = microphone(sr=8000, reporter=Said(said))
    for _ in range(3):
        next(samples)
    assert said[0].startswith("listening")
    assert [line.split(":")[0] for line in said[1:]] == ["samples were lost"]
