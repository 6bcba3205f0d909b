import numpy as np
import pytest

from sori.errors import AudioError, BundleError, SoriError
from sori.inference.classifier import Classifier, Prediction
from tests.conftest import tone


def test_segments_of_any_other_shape_are_refused(trained):
    with pytest.raises(SoriError, match=r"x must have shape \(n, \(32, 13\)\)"):
        Classifier(trained / "run").predict_features(np.zeros((1, 31, 13), dtype=np.float32))


def test_a_clip_in_memory_is_held_to_the_same_as_a_file(trained):
    classifier = Classifier(trained / "run")
    with pytest.raises(SoriError, match=r"floating-point samples.*Received int16"):
        classifier.predict(np.zeros(8000, dtype=np.int16), sr=8000)
    with pytest.raises(SoriError, match=r"of shape \(2, 8000\)"):
        classifier.predict(np.zeros((2, 8000), dtype=np.float32), sr=8000)
    with pytest.raises(AudioError, match="silent"):
        classifier.predict(np.zeros(8000, dtype=np.float32), sr=8000)
    with pytest.raises(AudioError, match="too short"):
        classifier.predict(np.ones(80, dtype=np.float32), sr=8000)


def test_a_prediction_shows_its_likeliest_classes():
    prediction = Prediction(("개", "b", "c", "d", "e"), (0.5, 0.3, 0.15, 0.03, 0.02), segments=2)
    assert repr(prediction) == "Prediction(개 50.0%, b 30.0%, c 15.0%, and 2 more)"
    assert repr(Prediction(("a", "b"), (0.9, 0.1), segments=1)) == "Prediction(a 90.0%, b 10.0%)"


def test_probabilities_of_segments_are_averaged_and_sorted(trained):
    classifier = Classifier(trained / "run")
    x = np.random.default_rng(0).standard_normal((5, 32, 13)).astype(np.float32) * 50
    each = classifier.predict_features(x)
    assert each.sum(axis=1) == pytest.approx(1, abs=1e-5)
    found = classifier._averaged(x)
    assert found.segments == 5
    assert list(found.probabilities) == sorted(found.probabilities, reverse=True)
    expected = dict(zip(classifier.bundle.classes, each.mean(axis=0), strict=True))
    assert dict(zip(found.classes, found.probabilities, strict=True)) == pytest.approx(expected)


def test_clips_of_one_segment_need_no_cutting(trained):
    classifier = Classifier(trained / "run")
    y = tone(200, sr=8000, duration_s=1.0)
    halves = classifier.predict_clips(np.stack([y[:4000], y[4000:]]))
    whole = classifier.predict(y, sr=8000)
    expected = dict(zip(classifier.bundle.classes, halves.mean(axis=0), strict=True))
    assert dict(zip(whole.classes, whole.probabilities, strict=True)) == pytest.approx(expected, abs=1e-5)


def test_a_spotters_model_classifies_too_and_hears_silence(tmp_path):
    classifier = Classifier("keywords")
    assert classifier.predict(np.zeros(16000, dtype=np.float32), sr=16000).classes[0] == "silence"
    with pytest.raises(BundleError, match="is a transcriber, not a classifier"):
        Classifier("piano")
