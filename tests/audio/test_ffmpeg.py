import sys

import pytest

from sori.audio import ffmpeg
from sori.errors import AudioError
from tests.audio.test_reader import FFMPEG
from tests.audio.test_reader import ffmpeg as run
from tests.conftest import recording, tone


def test_the_package_brings_a_program_where_the_system_has_none(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert ffmpeg.program() == FFMPEG
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert ffmpeg.program() is None


def test_a_length_that_is_only_estimated_is_not_known(tmp_path):
    recording(tmp_path / "a.wav", tone(440, sr=22050, duration_s=2))
    run("-i", "a.wav", "a.m4a", cwd=tmp_path)
    run("-i", "a.wav", "a.aac", cwd=tmp_path)
    known = ffmpeg.probe(tmp_path / "a.m4a")
    assert (known.sr, known.channels, known.seconds) == (22050, 1, pytest.approx(2, abs=0.1))
    assert ffmpeg.probe(tmp_path / "a.aac").seconds is None
    (tmp_path / "text.m4a").write_text("no sound")
    assert ffmpeg.probe(tmp_path / "text.m4a") is None


def test_decoding_stops_when_it_is_closed_or_asked_to(tmp_path):
    recording(tmp_path / "a.wav", tone(440, sr=22050, duration_s=20))
    run("-i", "a.wav", "a.m4a", cwd=tmp_path)
    reader = ffmpeg.FfmpegReader(tmp_path / "a.m4a", until_s=5.0)
    total = 0
    while len(samples := reader.read(10_000)):
        total += len(samples)
    reader.close()
    assert 5 * 22050 <= total <= 11 * 22050  # a little more than asked for, since its clock may begin earlier
    early = ffmpeg.FfmpegReader(tmp_path / "a.m4a")
    assert early.read(100).shape == (100, 1)
    early.close()
    with pytest.raises(AudioError):
        ffmpeg.FfmpegReader(tmp_path / "none.m4a")
