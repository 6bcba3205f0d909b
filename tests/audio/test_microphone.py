import sys
from types import ModuleType

import numpy as np
import pytest

from sori.audio import microphone
from sori.errors import AudioError, MissingDependencyError


class PortAudioError(Exception):
    pass


@pytest.fixture
def sounddevice(monkeypatch):
    """A sounddevice with one microphone, which hears a ramp."""
    module = ModuleType("sounddevice")

    class InputStream:
        def __init__(self, *, samplerate, channels, dtype, blocksize, device):
            if device == "none":
                raise PortAudioError("Error querying device -1")
            self.n = 0

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def read(self, n):
            self.n += n
            return np.arange(self.n - n, self.n, dtype=np.float32)[:, np.newaxis], False

    module.InputStream, module.PortAudioError = InputStream, PortAudioError
    monkeypatch.setitem(sys.modules, "sounddevice", module)


def test_what_it_hears_comes_in_tenths_of_a_second(sounddevice):
    samples = microphone(sr=8000)
    np.testing.assert_array_equal(np.concatenate([next(samples), next(samples)]), np.arange(1600))


def test_no_microphone_is_one_line(sounddevice):
    with pytest.raises(AudioError, match="no microphone to listen to: Error querying device -1; give a recording"):
        next(microphone(sr=8000, device="none"))


def test_no_sounddevice_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingDependencyError, match=r"sori\[microphone\]"):
        next(microphone(sr=8000))
