import json

import numpy as np
import pytest
import soundfile

from sori.augment import RECIPES, Augmentation


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_can_be_written_down(name):
    assert json.loads(json.dumps(RECIPES[name].to_dict()))["mix"]["mixup"] > 0


def test_only_a_mel_axis_is_shifted():
    recipe = RECIPES["spectrogram"]
    shifts = {kind: recipe.for_features(kind).spectrogram.shift_bins for kind in ("mel", "mfcc", "spectrogram", None)}
    assert shifts.pop("mel") > 0
    assert set(shifts.values()) == {0}
    assert recipe.for_features("waveform").spectrogram is None


def test_words_keep_their_order():
    assert not any(t.__class__.__name__ == "OrderSwap" for t in RECIPES["speech"].waveform.transforms)
    assert not RECIPES["speech"].spectrogram.roll


def test_a_background_comes_first(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.ones(100, dtype=np.float32), 8000)
    assert RECIPES["speech"].with_background(tmp_path).waveform.to_list()[0]["name"] == "Background"
    assert len(Augmentation().with_background(tmp_path).waveform.transforms) == 1


def test_a_constant_is_loudness_only_where_bins_are_levels():
    recipe = RECIPES["speech"]
    assert recipe.for_features("spectrogram").spectrogram.level == recipe.for_features("mel").spectrogram.level > 0
    assert recipe.for_features("mfcc").spectrogram.level == recipe.for_features(None).spectrogram.level == 0
