from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import softmax

from sori import models
from sori.datasets import Dataset, Segments, Split
from sori.errors import ParameterError
from sori.training import Normalisation, TrainingOptions, train_classifier
from sori.training.classifier import Fitted, TrainedClassifier, Trainer
from tests.conftest import Said

SHAPE = (5, 4)


@pytest.fixture
def segments(rng):
    """Eight segments of four recordings of two classes."""
    names = np.repeat(np.array(["a", "b", "c", "d"], dtype=object), 2)
    x = rng.standard_normal((8, *SHAPE)).astype(np.float32) * 3 + 1
    return Segments(x, np.repeat([0, 1, 0, 1], 2), names, names, names, np.zeros(8))


@pytest.fixture
def fitted(segments):
    network = models.build("mlp", input_shape=SHAPE, n_classes=2, width=0.05)
    return Fitted(network, Normalisation.learn(segments.x, np.arange(8), one_scale=False), None)


def test_what_is_deployed_takes_features_as_they_are_and_gives_probabilities(segments, fitted):
    nothing = dict.fromkeys(("settings", "segments", "parts", "answers", "scores", "notes", "diagnosis"))
    dataset = SimpleNamespace(shape=SHAPE)
    trained = TrainedClassifier(model="mlp", options=TrainingOptions(), dataset=dataset, fitted=fitted, **nothing)
    mean, std = segments.x.mean(axis=(0, 1)), segments.x.std(axis=(0, 1))
    expected = softmax(np.asarray(fitted.network((segments.x - mean) / std)), axis=1)
    np.testing.assert_allclose(np.asarray(trained.deployed()(segments.x)), expected, atol=1e-5)
    assert trained.parameters == fitted.network.count_params()
    unsure = replace(trained, fitted=replace(fitted, temperature=4.0))
    logits = np.asarray(fitted.network((segments.x - mean) / std))
    np.testing.assert_allclose(np.asarray(unsure.deployed()(segments.x)), softmax(logits / 4, axis=1), atol=1e-5)


def test_it_is_scored_on_what_it_is_given_recording_by_recording(segments, fitted):
    dataset = SimpleNamespace(classes=("no", "yes"), front_end=None)
    trainer = Trainer("mlp", {}, None, dataset)
    test = np.array([0, 1, 2, 3])
    probabilities, scores = trainer.score(fitted, segments, test)
    logits = np.asarray(fitted.network(fitted.normalisation(segments.x[test])))
    np.testing.assert_allclose(probabilities, softmax(logits, axis=1), atol=1e-5)
    guesses = probabilities.reshape(2, 2, 2).mean(axis=1).argmax(axis=1)
    assert scores.accuracy == np.mean(guesses == [0, 1])
    assert (scores.recordings, scores.segments) == (2, 4)


def test_each_part_lists_its_recordings_by_their_hashes(segments, fitted):
    parts = Split("group", np.array([0, 1, 2, 3]), np.array([4, 5]), np.array([6, 7]), False, 0)
    dataset = SimpleNamespace(digests=lambda: {"a": "1a", "b": "0b", "c": "2c", "d": "3d"})
    nothing = dict.fromkeys(("settings", "answers", "scores", "notes", "diagnosis"))
    given = {"model": "mlp", "options": TrainingOptions(), "fitted": fitted, "segments": segments, "parts": parts}
    trained = TrainedClassifier(**given, dataset=dataset, **nothing)
    assert trained.digests() == {"train": ["0b", "1a"], "valid": ["2c"], "test": ["3d"]}


def test_large_logits_are_no_trouble(segments, fitted):
    network = SimpleNamespace(predict=lambda x, **options: np.array([[1e4, 0.0]] * len(x), dtype=np.float32))
    loud = Fitted(network, fitted.normalisation, None)
    trainer = Trainer("mlp", {}, None, SimpleNamespace(classes=("no", "yes"), front_end=None))
    probabilities, _ = trainer.score(loud, segments, np.arange(8))
    np.testing.assert_array_equal(probabilities, [[1, 0]] * 8)


def test_options_of_another_architecture_are_refused_before_the_data_is_read(trained, monkeypatch):
    monkeypatch.setattr(Dataset, "load", None)
    with pytest.raises(ParameterError, match="unknown key 'scale' in the options of mlp"):
        train_classifier(Dataset.open(trained / "data"), TrainingOptions(model_options={"scale": 2}))


@pytest.mark.parametrize(
    ("counts", "asked", "weights"),
    [
        ([40, 20], None, None),
        ([40, 20], "balanced", [0.75, 1.5]),
        ([60, 20], None, [40 / 60, 2]),
        ([60, 20], "none", None),
        ([60, 0], None, None),
        ([60, 0], "balanced", [1, 60]),
    ],
)
def test_rare_classes_weigh_more_where_classes_differ_thrice(counts, asked, weights):
    said = []
    trainer = Trainer(
        "mlp",
        {},
        None,
        SimpleNamespace(classes=("no", "yes")),
        Said(on_say=said.append),
        class_weights=asked,
    )
    found = trainer._class_weights(np.repeat([0, 1], counts))
    assert (found is None) == (weights is None)
    assert found is None or found.tolist() == pytest.approx(weights)
    assert len(said) == (weights is not None and asked is None)
