import json

import pytest

from sori.errors import ParameterError, SoriError
from sori.music import Note
from sori.music.midi import read_beats, read_notes, write_midi
from sori.music.musicxml import read_score
from sori.notation.notate import NotationOptions
from sori.tasks.notate import notate_files
from tests.conftest import ROOT

PRELUDE = ROOT / "examples" / "prelude.mid"


def test_a_midi_file_becomes_a_score_and_midi_with_bars(tmp_path):
    (done,) = notate_files([PRELUDE], tmp_path, formats=("musicxml", "mid"))
    assert done.error is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["prelude.mid", "prelude.musicxml"]
    score = read_score(tmp_path / "prelude.musicxml")
    assert len(score.notes) == done.notes == len(read_notes(tmp_path / "prelude.mid")) == 549
    assert len(score.bars) - 1 == done.bars
    assert len(read_beats(tmp_path / "prelude.mid")) > 100
    assert json.dumps(done.to_dict())
    assert done.summary().startswith(str(PRELUDE))


def test_a_recording_becomes_a_score(tmp_path):
    (done,) = notate_files([ROOT / "examples" / "prelude.flac"], tmp_path, options=NotationOptions(title="전주곡"))
    assert done.error is None
    assert read_score(tmp_path / "prelude.musicxml").title == "전주곡"
    assert done.key == "0 sharps"


def test_a_batch_goes_on_and_folders_keep_their_places(tmp_path):
    (tmp_path / "in" / "하나").mkdir(parents=True)
    notes = [Note(i / 2, i / 2 + 0.4, 60 + i % 7, 80) for i in range(24)]
    write_midi(notes, tmp_path / "in" / "하나" / "곡.mid")
    (tmp_path / "in" / "bad.mid").write_bytes(b"nothing")
    done = list(notate_files([tmp_path / "in"], tmp_path / "out"))
    assert [one.error is None for one in done] == [False, True]
    assert "bad.mid: not a MIDI file" in done[0].error
    assert (tmp_path / "out" / "하나" / "곡.musicxml").is_file()


def test_the_grid_of_the_score_may_be_written(tmp_path):
    list(notate_files([PRELUDE], tmp_path, formats=("mid",), quantised=True))
    onsets = {round(1000 * note.onset_s) for note in read_notes(tmp_path / "prelude.mid")}
    steps = sorted({b - a for a, b in zip(sorted(onsets), sorted(onsets)[1:], strict=False)})
    assert steps[0] > 50


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"formats": ()}, "one or more formats"),
        ({"formats": ("doc",)}, "format must be one of"),
        ({"files": []}, None),
    ],
)
def test_what_cannot_be_done_is_told_first(tmp_path, changes, why):
    given = {"files": [PRELUDE], "out": tmp_path, **changes}
    if why is None:
        assert list(notate_files(**given)) == []
        return
    with pytest.raises(ParameterError, match=why):
        list(notate_files(**given))


def test_nothing_is_replaced_unasked(tmp_path):
    list(notate_files([PRELUDE], tmp_path))
    with pytest.raises(SoriError, match="is there already"):
        list(notate_files([PRELUDE], tmp_path))
    (done,) = notate_files([PRELUDE], tmp_path, overwrite=True)
    assert done.error is None


def test_instruments_are_chosen_by_number(tmp_path):
    (done,) = notate_files([PRELUDE], tmp_path, instruments=(3,))
    assert "has instruments 1 to" in done.error
