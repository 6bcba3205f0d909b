import json
import math

import librosa
import numpy as np
import pytest
import soundfile

from sori.augment import RECIPES, Augmentation, Chain, SpectrogramAugment
from sori.augment.variants import looked_at, make_variant, named_augmentation
from sori.augment.waveform import Gain
from sori.errors import ParameterError
from tests.conftest import tone

LOUDER = Augmentation(waveform=Chain((Gain(gain_db=(6.0, 6.0)),)))


def test_what_is_beyond_full_scale_is_softer_and_by_how_much_is_known(rng):
    y = tone(440, sr=8000) * np.float32(1.8)  # peak 0.9
    made = make_variant(y, LOUDER, sr=8000, rng=rng)
    peak = 0.9 * 10 ** (6 / 20)
    assert np.abs(made.y).max() == pytest.approx(1, abs=1e-3)
    assert made.softer_db == pytest.approx(20 * math.log10(peak), abs=0.01)
    np.testing.assert_allclose(made.y * 10 ** (made.softer_db / 20), y * 10 ** (6 / 20), atol=1e-4)


def test_its_picture_is_librosas_mel_spectrogram_of_the_clip_as_networks_get_it(rng):
    y = tone(440, sr=8000) * np.float32(1.8) + 0.01 * rng.standard_normal(8000).astype(np.float32)
    made = make_variant(y, LOUDER, sr=8000, rng=rng)
    given = {"y": y * np.float32(10 ** (6 / 20)), "sr": 8000, "n_fft": 1024, "hop_length": 256, "n_mels": 64}
    theirs = librosa.power_to_db(librosa.feature.melspectrogram(**given), top_db=None).T
    np.testing.assert_allclose(made.mel_db, theirs, atol=0.01)
    assert looked_at(8000).shape(8000) == theirs.shape
    assert made.masked_db is None


def test_what_was_drawn_makes_the_same_variant_again_even_from_json(rng):
    y, recipe = tone(440, sr=8000), RECIPES["speech"]
    made = make_variant(y, recipe, sr=8000, rng=rng)
    again = make_variant(y, recipe, sr=8000, rng=rng, drawn=json.loads(json.dumps(made.drawn)))
    np.testing.assert_array_equal(again.y, made.y)
    np.testing.assert_array_equal(again.masked_db, made.masked_db)
    other = make_variant(y, recipe, sr=8000, rng=rng)
    assert not np.array_equal(other.y, made.y)


def test_a_blank_holds_the_mean_of_the_picture(rng):
    """A zero of normalised features is the mean of the others."""
    masks = Augmentation(spectrogram=SpectrogramAugment(masks=3, time_mask=0.4, bin_mask=0.3))
    made = make_variant(tone(440, sr=8000), masks, sr=8000, rng=rng)
    blank = np.abs(made.masked_db - made.mel_db) > 1e-2
    assert 0.02 < blank.mean() < 0.98
    np.testing.assert_allclose(made.masked_db[blank], made.mel_db.mean(), atol=1e-2)


def test_a_name_is_a_recipe_or_one_change_alone(tmp_path):
    assert named_augmentation("music") == RECIPES["music"]
    (only,) = named_augmentation("Gain").waveform.transforms
    assert type(only) is Gain
    soundfile.write(tmp_path / "a.wav", np.ones(100, dtype=np.float32), 8000)
    (behind,) = named_augmentation("Background", str(tmp_path)).waveform.transforms
    assert behind.folder == tmp_path
    with pytest.raises(ParameterError, match="did you mean 'Gain'"):
        named_augmentation("Gian")
    with pytest.raises(ParameterError, match="needs `background`"):
        named_augmentation("Background")
