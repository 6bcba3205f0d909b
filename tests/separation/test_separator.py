import sys
import types

import numpy as np
import pytest

from sori import audio
from sori.errors import MissingDependencyError, ParameterError, SoriError
from sori.reporter import Reporter
from sori.separation.separator import SEPARATORS, separator


def test_clicks_go_and_tones_stay():
    tone = audio.tone(440, sr=16000, duration_s=2, amplitude=0.3)
    clicks = audio.clicks([0.25 * i for i in range(1, 8)], sr=16000, duration_s=2)
    left = separator("hpss", sr=16000)(tone + clicks)
    assert left.shape == tone.shape
    assert np.corrcoef(left, tone)[0, 1] > 0.95
    assert np.abs(left).max() < 0.6 < np.abs(tone + clicks).max()


@pytest.mark.parametrize("way", ["spleeter", "demucs"])
def test_what_is_not_installed_is_named_with_what_to_do(way, monkeypatch):
    def find_spec(name):
        raise ModuleNotFoundError

    monkeypatch.setattr("importlib.util.find_spec", find_spec)
    with pytest.raises(MissingDependencyError, match=rf"{way} is not installed: pip install .*{way}"):
        separator(way, sr=16000)(np.zeros(100, dtype=np.float32))


def test_an_unknown_way_is_refused():
    with pytest.raises(ParameterError, match="separate must be one of"):
        separator("magic", sr=16000)(np.zeros(100, dtype=np.float32))


def test_a_long_clip_is_separated_in_blocks_with_progress(monkeypatch):
    lengths, shown = [], []
    monkeypatch.setitem(SEPARATORS._things, "half", lambda sr: lambda y: lengths.append(len(y)) or y / 2)
    reporter = Reporter()
    reporter.show = lambda stage, done, total, values: shown.append((stage, done, total))
    y = np.arange(7000, dtype=np.float32)
    np.testing.assert_array_equal(separator("half", sr=100, reporter=reporter)(y), y / 2)
    assert lengths == [3200, 3400, 1200]  # 30 s, and 2 s around
    assert shown == [("Separating with half", done, 70) for done in (30, 60, 70)]


def test_what_a_library_raises_is_told_in_a_line(monkeypatch):
    class Separator:
        def __init__(self, model):
            raise RuntimeError("no weights of htdemucs_6s")

    module = types.ModuleType("demucs.api")
    module.Separator = Separator
    monkeypatch.setitem(sys.modules, "demucs", types.ModuleType("demucs"))
    monkeypatch.setitem(sys.modules, "demucs.api", module)
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: True)
    with pytest.raises(SoriError, match="demucs failed: no weights"):
        separator("demucs", sr=16000)(np.zeros(1000, dtype=np.float32))


def test_demucs_is_asked_for_the_piano(monkeypatch):
    class Tensor(np.ndarray):
        def numpy(self):
            return np.asarray(self)

    class Separator:
        def __init__(self, model):
            assert model == "htdemucs_6s"

        def separate_tensor(self, waveform, sr):
            assert waveform.shape[0] == 2
            assert sr == 44100
            return waveform, {"piano": (0.5 * waveform).view(Tensor), "drums": waveform}

    module, torch = types.ModuleType("demucs.api"), types.ModuleType("torch")
    module.Separator = Separator
    torch.from_numpy = lambda y: y
    monkeypatch.setitem(sys.modules, "demucs", types.ModuleType("demucs"))
    monkeypatch.setitem(sys.modules, "demucs.api", module)
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: True)
    y = audio.tone(440, sr=16000, duration_s=0.5)
    left = separator("demucs", sr=16000)(y)
    np.testing.assert_allclose(left[1000:-1000], 0.5 * y[1000:-1000], atol=0.02)
