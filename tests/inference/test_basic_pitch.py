import numpy as np
import pytest

from sori.audio import load, resample
from sori.errors import MissingDependencyError
from sori.evaluation.notes import score_notes
from sori.inference.basic_pitch import BasicPitch, _notes
from sori.music import KEYS, LOWEST, notes_array
from sori.music.midi import read_notes
from tests.conftest import ROOT, needs_package

TIMES = np.arange(200) * 0.01


def rolls():
    return np.zeros((200, KEYS), dtype=np.float32), np.zeros((200, KEYS), dtype=np.float32)


def test_a_note_lasts_from_its_onset_until_its_key_is_silent():
    onset, sounding = rolls()
    onset[50, 39], sounding[50:100, 39] = 0.9, 0.5
    (note,) = _notes(onset, sounding, TIMES)
    assert (note.pitch, note.onset_s, note.offset_s) == (LOWEST + 39, pytest.approx(0.5), pytest.approx(1.0))
    assert note.velocity == round(127 * 0.5)


def test_a_gap_of_a_few_frames_does_not_end_a_note_and_a_longer_one_does():
    onset, sounding = rolls()
    onset[50, 39], sounding[50:150, 39] = 0.9, 0.5
    sounding[70:78, 39] = 0.25
    sounding[110:125, 39] = 0
    first, second = _notes(onset, sounding, TIMES)
    assert first.offset_s == pytest.approx(1.1)
    assert second.onset_s == pytest.approx(1.25)  # sounds on without an onset


def test_what_sounds_beside_a_key_is_not_a_note_of_its_own():
    onset, sounding = rolls()
    onset[50, 39], sounding[50:100, 39] = 0.9, 0.9
    sounding[50:100, 40] = 0.45
    assert [note.pitch for note in _notes(onset, sounding, TIMES)] == [LOWEST + 39]


def test_short_sounds_are_left_out():
    onset, sounding = rolls()
    onset[50, 39], sounding[50:58, 39] = 0.9, 0.9
    assert not _notes(onset, sounding, TIMES)


def test_without_its_package_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="pip install --no-deps basic-pitch"):
        BasicPitch()


@needs_package("basic_pitch")
def test_it_hears_the_prelude():
    y, sr = load(ROOT / "examples" / "prelude.flac", duration_s=30)
    engine = BasicPitch()
    known = [note for note in read_notes(ROOT / "examples" / "prelude.mid") if note.onset_s < 29.5]
    found = engine(resample(y, from_sr=sr, to_sr=engine.sr))
    score = score_notes(notes_array(known), notes_array(found))
    assert score.recall > 0.95
    assert score.f1 > 0.7
    assert engine(np.zeros(0, dtype=np.float32)) == []
