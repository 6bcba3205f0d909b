import json

import numpy as np
import pytest
import soundfile

from sori.audio import load
from sori.errors import DatasetError, ParameterError
from sori.tasks.augment import augment
from tests.conftest import Said, tone


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "소리.wav"
    soundfile.write(path, tone(440, sr=8000, duration_s=0.5), 8000)
    return path


def test_variants_can_be_made_again(file, tmp_path):
    made = augment(file, tmp_path / "one", recipe="speech", count=3)
    assert [path.name for path in made] == ["소리-001.flac", "소리-002.flac", "소리-003.flac"]
    drawn = json.loads((tmp_path / "one" / "drawn.json").read_text(encoding="utf-8"))
    assert drawn["recipe"] == "speech"
    again = augment(file, tmp_path / "two", replay=tmp_path / "one" / "drawn.json")
    assert [a.read_bytes() for a in made] == [b.read_bytes() for b in again]
    assert len({path.read_bytes() for path in made}) == 3
    assert all(load(path)[0].shape == (4000,) for path in made)
    assert again[0].with_name("drawn.json").read_bytes() == made[0].with_name("drawn.json").read_bytes()
    page = (tmp_path / "one" / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "two" / "report.html").read_text(encoding="utf-8") == page, "masks and all"
    assert page.count("<audio") == 4
    assert page.count("<svg") == 7  # before; each variant, and with its masks
    assert "Shift (shift_s" in page


def test_one_change_alone_and_a_background(file, tmp_path):
    quieter = augment(file, tmp_path / "a", recipe="Gain", count=2)
    assert len(json.loads((tmp_path / "a" / "drawn.json").read_text())["variants"][0]["waveform"]) == 1
    (tmp_path / "noise").mkdir()
    soundfile.write(tmp_path / "noise" / "n.wav", np.full(900, 0.1), 8000)
    noisy = augment(file, tmp_path / "b", recipe="Background", background=tmp_path / "noise", count=8)
    assert len({path.read_bytes() for path in noisy}) > 2
    assert quieter[0].read_bytes() != noisy[0].read_bytes()
    with pytest.raises(ParameterError, match="Background needs `background`"):
        augment(file, tmp_path / "c", recipe="Background")
    with pytest.raises(ParameterError, match="did you mean 'speech'"):
        augment(file, tmp_path / "c", recipe="speach")


def test_a_background_that_cannot_be_read_is_left_out(file, tmp_path):
    (tmp_path / "noise").mkdir()
    soundfile.write(tmp_path / "noise" / "n.wav", np.full(900, 0.1), 8000)
    (tmp_path / "noise" / "a.wav").write_text("no sound")
    said = []
    augment(file, tmp_path / "b", recipe="Background", background=tmp_path / "noise", count=8, reporter=Said(said))
    assert len(said) == 1
    assert said[0].startswith("background a.wav is left out: ")


def test_what_would_clip_is_written_softer(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(440, sr=8000, duration_s=0.5) * 1.9, 8000)
    for path in augment(tmp_path / "a.wav", tmp_path / "out", recipe="Gain", count=4):
        y, _ = load(path)
        assert np.count_nonzero(np.abs(y) > 0.9999) < 100, "a crest at most, no flat tops"
    assert "dB softer than that, so as not to clip" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_nothing_of_anyone_elses_is_lost(file, tmp_path):
    augment(file, tmp_path / "one", recipe="Gain", count=1)
    with pytest.raises(DatasetError, match="give `overwrite=True`"):
        augment(file, tmp_path / "one", recipe="Gain", count=1)
    (tmp_path / "one" / "mine.txt").touch()
    with pytest.raises(DatasetError, match=r"mine\.txt was not made by"):
        augment(file, tmp_path / "one", recipe="Gain", count=1, overwrite=True)
    (tmp_path / "one" / "mine.txt").unlink()
    augment(file, tmp_path / "one", recipe="Speed", count=1, overwrite=True)
    with pytest.raises(DatasetError, match="was not made by sori augment"):
        augment(file, tmp_path, recipe="Gain", overwrite=True)


def test_a_replay_that_is_none(file, tmp_path):
    (tmp_path / "drawn.json").write_text("{}")
    with pytest.raises(ParameterError, match=r"is not a drawn\.json of sori augment"):
        augment(file, tmp_path / "one", replay=tmp_path / "drawn.json")
    made = {"made_by": "sori augment", "recipe": "speech", "seed": 0, "background": None}
    (tmp_path / "drawn.json").write_text(json.dumps({**made, "variants": [{"waveform": [{"transform": 0}]}]}))
    with pytest.raises(ParameterError, match=r"is not a drawn.json of sori augment, or damaged .*`name`"):
        augment(file, tmp_path / "one", replay=tmp_path / "drawn.json")
    other = {"waveform": [{"transform": 0, "name": "Gain", "gain_db": 1.0}]}
    (tmp_path / "drawn.json").write_text(json.dumps({**made, "variants": [other]}))
    with pytest.raises(ParameterError, match="it was drawn for another"):
        augment(file, tmp_path / "one", replay=tmp_path / "drawn.json")
