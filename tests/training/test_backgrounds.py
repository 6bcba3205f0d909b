import shutil

import numpy as np
import pytest
import soundfile

from sori.augment import RECIPES, Augmentation
from sori.datasets.build import hash_of
from sori.errors import ParameterError
from sori.training.backgrounds import without_unusable
from tests.conftest import Said


@pytest.fixture
def behind(tmp_path):
    folder = tmp_path / "behind"
    (folder / "deep").mkdir(parents=True)
    for i, name in enumerate(("one.wav", "two.wav", "deep/three.wav")):
        soundfile.write(folder / name, np.full(100 + i, 0.1), 8000)
    return folder


def left(augment):
    return [file.name for file in augment.waveform.transforms[0].files]


def digest(path):
    with path.open("rb") as file:
        return hash_of(file)


def test_what_can_be_read_is_used_without_a_word(behind):
    said = Said()
    found = without_unusable(Augmentation().with_background(behind), reporter=said)
    assert sorted(left(found)) == ["one.wav", "three.wav", "two.wav"]
    assert said.said == []


def test_what_cannot_be_read_and_what_is_held_out_is_left_out_and_told(behind, tmp_path):
    (behind / "bad.wav").write_text("no sound")
    shutil.copy(behind / "two.wav", tmp_path / "renamed.wav")  # a recording is known by what is in it
    said = Said()
    given = {"held_out": {digest(tmp_path / "renamed.wav")}, "reporter": said}
    found = without_unusable(Augmentation().with_background(behind), **given)
    assert sorted(left(found)) == ["one.wav", "three.wav"]
    assert len(said.said) == 2
    assert any(line.startswith("background bad.wav is left out: ") for line in said.said)
    assert any(line.startswith("background two.wav is left out: ") and "test" in line for line in said.said)


def test_of_many_only_the_first_are_named(behind):
    for i in range(9):
        (behind / f"bad{i}.wav").write_text(f"no sound {i}")
    said = Said()
    without_unusable(Augmentation().with_background(behind), reporter=said)
    assert sum(line.startswith("background bad") for line in said.said) == 5
    assert said.said[-1].startswith("4 more backgrounds")


def test_if_none_is_left_that_is_an_error(behind):
    held_out = {digest(path) for path in behind.rglob("*.wav")}
    with pytest.raises(ParameterError, match="no recording to use as a background"):
        without_unusable(Augmentation().with_background(behind), held_out=held_out, reporter=Said())


@pytest.mark.parametrize("name", ["spectrogram", "speech"])
def test_without_backgrounds_nothing_changes(name):
    assert without_unusable(RECIPES[name], held_out={"x"}, reporter=Said()) == RECIPES[name]
