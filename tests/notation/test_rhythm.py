import numpy as np
import pytest

from sori.errors import AudioError, ParameterError
from sori.music import Note
from sori.music.midi import read_notes
from sori.notation.beats import BeatTracking
from sori.notation.rhythm import beat_odds, beats_from, even_beats, find_beats, read_beats
from tests.conftest import ROOT


def test_the_beats_of_the_prelude_are_found():
    notes = read_notes(ROOT / "examples" / "prelude.mid")
    beats = find_beats(notes)
    assert np.median(np.diff(beats.seconds)) == pytest.approx(0.87, abs=0.05)
    onsets = np.array(sorted(note.onset_s for note in notes))
    near = [np.abs(onsets - at).min() for at in beats.seconds[2:-6]]
    assert np.mean(np.array(near) < 0.02) > 0.95
    slow = find_beats(notes, BeatTracking(tempo=(30, 40)))
    assert 1.4 < np.median(np.diff(slow.seconds)) < 2.1


def test_a_long_performance_is_computed_in_parts_that_agree(monkeypatch):
    notes = read_notes(ROOT / "examples" / "prelude.mid")
    whole, _ = beat_odds(notes)
    monkeypatch.setattr("sori.notation.rhythm._BLOCK", 900)
    parts, _ = beat_odds(notes)
    assert np.abs(parts - whole).max() < 0.01


def test_too_few_notes_get_even_beats():
    beats = find_beats([Note(1.0, 2.6, 60, 80)])
    assert beats.seconds.tolist() == [1.0, 1.5, 2.0, 2.5, 3.0]
    assert len(even_beats(np.zeros((0, 4)))) == 2
    assert np.diff(find_beats([Note(1.0, 2.6, 60, 80)], BeatTracking(tempo=(30, 60))).seconds)[0] == 1


def test_beats_are_read_from_text(tmp_path):
    for text in ("0.5 1\n1.0 2\n1.5 3\n2.0 1\n", "# mine\n0.5\t0.5\tdb,3/4\n1.0\t1.0\tb\n1.5,2\n2.0 db\n"):
        (tmp_path / "beats.txt").write_text(text, encoding="utf-8")
        beats = read_beats(tmp_path / "beats.txt")
        assert beats.seconds.tolist() == [0.5, 1.0, 1.5, 2.0]
        assert beats.places.tolist() == [0, 1, 2, 0]
        assert set(beats.counts) == {3}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "fewer than two"),
        (b"1.0 1\n0.5 2\n", "increase"),
        (b"one two\n", "line 1"),
        (b"\xff\xfe\x00", "beats.txt"),
    ],
)
def test_a_text_without_beats_is_told(tmp_path, content, why):
    (tmp_path / "beats.txt").write_bytes(content)
    with pytest.raises(AudioError, match=why):
        read_beats(tmp_path / "beats.txt")


def test_bars_before_the_first_downbeat_are_counted_back():
    beats = beats_from(np.arange(9.0), np.array([False, True, *[False] * 3, True, *[False] * 3]))
    assert beats.places.tolist() == [3, 0, 1, 2, 3, 0, 1, 2, 3]
    with pytest.raises(ParameterError, match="begins a bar"):
        beats_from(np.arange(3.0), np.zeros(3, bool))
