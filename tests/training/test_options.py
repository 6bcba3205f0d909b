import json
from pathlib import Path

import pytest

from sori.augment import RECIPES, Mix
from sori.errors import ParameterError
from sori.models import ARCHITECTURES
from sori.training import TrainingOptions

EVERYTHING = TrainingOptions(
    model="cnn",
    model_options={"dropout": 0.4, "width": 0.5},
    epochs=7,
    batch_size=8,
    lr=1e-3,
    patience=3,
    augment="spectrogram",
    cutmix=0.1,
    mask_fill="fade",
    test_fold="3",
    test_size=0.4,
    valid_size=0.1,
    seed=5,
    group_by="(.)",
)


@pytest.mark.parametrize("options", [TrainingOptions(), EVERYTHING])
def test_options_survive_json(options):
    assert TrainingOptions.from_dict(json.loads(json.dumps(options.to_dict()))) == options


def test_a_folder_is_written_as_text(tmp_path):
    (tmp_path / "a.wav").touch()
    values = TrainingOptions(background=tmp_path).to_dict()
    assert values["background"] == str(tmp_path)
    json.dumps(values)


def test_what_is_not_given_is_the_recipes():
    for name in ("mlp", "cnn", "bcresnet"):
        recipe, settings = ARCHITECTURES[name].recipe, TrainingOptions(model=name).settings(name, "mel")
        assert (settings.epochs, settings.batch_size, settings.lr) == (recipe.epochs, recipe.batch_size, recipe.lr)
        assert (settings.schedule, settings.jit) == (recipe.schedule, recipe.jit)
        assert settings.augment == (RECIPES[recipe.augment] if recipe.augment else None)


def test_what_is_given_takes_the_recipes_place():
    settings = EVERYTHING.settings("cnn", "mel")
    assert (settings.epochs, settings.batch_size, settings.lr, settings.patience, settings.seed) == (7, 8, 1e-3, 3, 5)
    assert settings.augment.mix == Mix(cutmix=0.1)
    assert settings.augment.spectrogram.fill == "fade"
    assert TrainingOptions(augment="none").settings("cnn", "mel").augment is None


def test_a_recipe_suits_the_features():
    options = TrainingOptions(augment="spectrogram")
    assert options.settings("cnn", "mel").augment.spectrogram.shift_bins > 0
    assert options.settings("cnn", "mfcc").augment.spectrogram.shift_bins == 0


def test_no_mixing_is_a_choice_too():
    assert TrainingOptions(augment="speech", mixup=0).settings("mlp", "mel").augment.mix is None


def test_mixing_inside_the_network_is_not_done_at_its_input_as_well():
    mix = TrainingOptions(mixup=0.3, mixup_layer="dense").settings("mlp", "mel").augment.mix
    assert (mix.mixup, mix.manifold, mix.layer) == (0.0, 0.3, "dense")


def test_a_fold_to_test_on_means_a_split_by_folds():
    assert TrainingOptions(test_fold="2").split == "fold"
    assert TrainingOptions().split is None


def test_without_sound_a_recipe_changes_features_alone_unless_it_was_asked_for():
    quiet = TrainingOptions().settings("bcresnet", "mel", has_sound=False).augment
    assert quiet.waveform is None
    assert quiet.spectrogram == RECIPES["speech"].spectrogram
    with pytest.raises(ParameterError, match="imported without its"):
        TrainingOptions(augment="speech").settings("bcresnet", "mel", has_sound=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "ccn"}, "did you mean 'cnn'"),
        ({"model": "cnn", "model_options": {"scale": 2}}, "unknown key 'scale' in the options of cnn"),
        ({"epochs": 0}, "epochs must be"),
        ({"batch_size": 1.5}, "batch_size must be"),
        ({"patience": 0}, "patience must be"),
        ({"lr": 0.0}, "lr must be"),
        ({"seed": -1}, "seed must be"),
        ({"split": "groups"}, "did you mean 'group'"),
        ({"folds": True, "split": "fold"}, "`folds=True`"),
        ({"folds": True, "test_fold": "1"}, "`folds=True`"),
        ({"test_fold": "1", "split": "segment"}, "`test_fold`"),
        ({"augment": "specch"}, "did you mean 'speech'"),
        ({"mixup": 0.2, "cutmix": 0.2}, "one of mixup, cutmix"),
        ({"mixup_layer": "dense"}, "`mixup_layer` needs `mixup`"),
        ({"augment": "none", "mask_fill": "mean"}, "`mask_fill` needs"),
        ({"augment": "spectrogram", "mask_fill": "black"}, "fill must be one of"),
        ({"background": Path("/nowhere")}, "/nowhere: No such file"),
    ],
)
def test_what_is_wrong_is_told_at_once(arguments, message):
    with pytest.raises(ParameterError, match=message):
        TrainingOptions(**arguments)


def test_an_unknown_option_suggests_the_nearest():
    with pytest.raises(ParameterError, match="unknown key 'epoch' in TrainingOptions; did you mean 'epochs'"):
        TrainingOptions.from_dict({"epoch": 3})
