import pytest

from sori.bundle import PRETRAINED, Bundle
from sori.bundle.card import model_card
from sori.features import LogFrequency, Segmenting
from tests.conftest import FRONT_END

SCORES = {
    "split": "each of 2 folds held out in turn",
    "accuracy": 0.75,
    "accuracy_std": 0.25,
    "balanced_accuracy": 0.7,
    "macro_f1": 0.712,
    "recordings": 1234,
}
CLASSIFIER = {
    "front_end": FRONT_END,
    "segmenting": Segmenting(duration_s=1, segments=2),
    "input_shape": (32, 13),
    "classes": ("비", "rain"),
    "architecture": {"name": "mlp", "parameters": 12345},
}


def test_a_classifiers_card_tells_its_classes_its_use_its_scores_and_its_data():
    dataset = {"recordings": 5000, "segments": 10000, "source": "my-sounds"}
    bundle = Bundle(task="classifier", **CLASSIFIER, scores=SCORES, dataset=dataset)
    card = model_card("weather", bundle, notes=["mind the wind"])
    for expected in (
        "# weather\n",
        "A classifier: mlp with 12,345 parameters, for 2 classes:",
        "비, rain.",
        "    sori predict weather recording.wav\n",
        "input of shape (batch, 32, 13)",
        "accuracy 75.0%, mean over classes 70.0%, macro F1 0.712",
        "1,234 recordings; each of 2 folds",
        "- **mind the wind**",
        "5,000 recordings (10,000 segments) from my-sounds",
        "sr 8000",
    ):
        assert expected in card


def test_folds_have_a_spread_and_one_network_each():
    folds = [{"fold": "1", "accuracy": 0.5}, {"fold": "2", "accuracy": 1.0}]
    card = model_card("x", Bundle(task="classifier", **CLASSIFIER, scores={**SCORES, "folds": folds}))
    assert "75.0% ± 25.0% over 2 folds" in card
    assert "one network per fold" in card


@pytest.mark.parametrize(("task", "command"), [("classifier", "predict"), ("spotter", "listen")])
def test_each_task_is_used_by_its_command(task, command):
    card = model_card("x", Bundle(task=task, **CLASSIFIER))
    assert f"    sori {command} x recording.wav\n" in card
    assert "- not tested" in card
    assert "Not stated." in card


def test_a_transcribers_card_has_a_line_for_each_condition_and_names_its_pianos():
    front_end = LogFrequency()
    data = {"performances": {"train": ["a", "b"]}, "pianos": {"sampled": ["grand"], "drawn": ["strings-0"]}}
    scores = {"valid": {"light": {"f1": 0.5, "recordings": 3}}}
    shape = (None, front_end.n_bins, 2)
    bundle = Bundle(
        task="transcriber", front_end=front_end, segmenting=None, input_shape=shape, dataset=data, scores=scores
    )
    card = model_card("p", bundle)
    assert "(batch, any, 296, 2)" in card
    assert "- valid, light: f1 0.500\n" in card
    assert "2 performances, played on grand, strings-0." in card


@pytest.mark.parametrize("name", PRETRAINED)
def test_every_shipped_model_has_a_card_with_its_licence_and_limits(name):
    card = Bundle.open(name).card
    assert card.startswith(f"# {name}\n")
    for heading in ("## Use", "## Data and licence", "## Scores", "## Limitations"):
        assert f"{heading}\n" in card


def test_the_shipped_cards_number_is_the_one_that_was_measured():
    bundle = Bundle.open("keywords")
    assert f"{100 * bundle.scores['accuracy']:.1f} %" in bundle.card
    assert f"{bundle.architecture['parameters']:,} parameters" in bundle.card


def test_a_folder_without_a_card_has_an_empty_one(tmp_path):
    assert Bundle(task="classifier", **CLASSIFIER, path=tmp_path).card == ""


def test_names_from_anywhere_are_shown_and_not_run():
    name = "<img src=x onerror=alert(1)>"
    bundle = Bundle(task="classifier", **{**CLASSIFIER, "classes": (name, "[a](javascript:b)")}, scores=SCORES)
    card = model_card(name, bundle, [name])
    assert "<img" not in card
    assert "[a](" not in card.replace("\\[a\\](", "")
