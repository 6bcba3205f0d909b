import pytest

from sori.errors import AudioError, ParameterError
from sori.inference.hearing import PianoHearing
from tests.conftest import ROOT


def test_a_recording_is_heard_with_its_pedal_and_tuning():
    heard = PianoHearing()(ROOT / "examples" / "prelude.flac")
    assert 520 < len(heard.notes) < 580
    assert heard.tuning_hz == pytest.approx(440, abs=1)
    assert heard.duration_s == pytest.approx(heard.notes[-1].onset_s, abs=12)
    assert list(heard.notes) == sorted(heard.notes)


def test_faults_are_told(tmp_path):
    with pytest.raises(ParameterError, match="tuning_hz"):
        PianoHearing(tuning_hz=200)
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(AudioError, match=r"a\.wav"):
        PianoHearing()(tmp_path / "a.wav")
