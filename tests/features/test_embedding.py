import numpy as np
import pytest

from sori import audio
from sori.errors import MissingDependencyError, ParameterError
from sori.features import Embedding, front_end_from_dict
from sori.features.embedding import network
from tests.conftest import needs_package


def test_each_window_has_its_numbers(rng):
    y = rng.standard_normal(40000).astype(np.float32) * 0.1
    front_end = Embedding()
    x = front_end(y)
    assert x.shape == front_end.shape(40000) == (4, 1024)
    np.testing.assert_allclose(x[2], network("sounds")(y[2 * 7680 :][:15600]), atol=1e-5)


def test_several_clips_are_the_clips_one_by_one(rng):
    clips = rng.standard_normal((3, 17000)).astype(np.float32) * 0.1
    together = Embedding()(clips)
    assert together.shape == (3, 1, 1024)
    np.testing.assert_allclose(together[1], Embedding()(clips[1]), atol=1e-5)


def test_a_clip_shorter_than_a_window_is_padded():
    y = audio.tone(440, sr=16000, duration_s=0.3, amplitude=0.3)
    padded = np.pad(y, (0, 15600 - len(y)))
    np.testing.assert_allclose(Embedding()(y), Embedding()(padded), atol=1e-6)


def test_sounds_that_people_tell_apart_are_apart():
    tone, same = (audio.tone(hz, sr=16000, duration_s=1, amplitude=0.3) for hz in (440, 466))
    noise = audio.noise(sr=16000, duration_s=1, rng=np.random.default_rng(0)) * np.float32(0.1)
    a, b, c = (Embedding()(y)[0] for y in (tone, same, noise))
    assert np.linalg.norm(a - b) < 0.5 * np.linalg.norm(a - c)


def test_settings_come_back_from_json():
    front_end = Embedding(hop_length=1000)
    assert front_end_from_dict(front_end.to_dict()) == front_end
    with pytest.raises(ParameterError, match="did you mean 'sounds'"):
        Embedding(model="sound")
    with pytest.raises(ParameterError, match="hop_length"):
        Embedding(hop_length=0)


def test_speech_embeddings_need_their_package(monkeypatch):
    network.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="pip install --no-deps openwakeword"):
        Embedding(model="speech")(np.zeros(16000, dtype=np.float32))


@needs_package("openwakeword")
def test_speech_embeddings_follow_the_speech():
    y = audio.chirp(200, 2000, sr=16000, duration_s=1) * np.float32(0.3)
    x = Embedding(model="speech", hop_length=1280)(y)
    assert x.shape == (13, 96)
    assert np.abs(x[0] - x[-1]).max() > 1
