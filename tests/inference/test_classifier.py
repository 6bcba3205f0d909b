import numpy as np
import pytest

from sori import audio
from sori.errors import AudioError, BundleError, SoriError
from sori.inference.classifier import Classifier, Prediction
from tests.conftest import recording, tone


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
    found = classifier._averaged([(each[:2], [0, 4000]), (each[2:], [8000, 12000, 16000])])
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


def test_a_long_recording_is_averaged_from_its_start_to_its_end(trained, tmp_path):
    """Half of it one class and half another: the first segment alone would say one of them."""
    classifier = Classifier(trained / "run")
    low, high = (tone(hz, sr=8000, duration_s=6) for hz in (203, 807))
    path = recording(tmp_path / "long.wav", np.concatenate([low, high, high]), 8000)
    found = classifier.predict_file(path)
    assert found.segments == 36  # half a second each
    assert found.classes[0] == "high"
    assert sum(found.probabilities) == pytest.approx(1, abs=1e-4)
    best = [found.classes[int(np.argmax(moment.probabilities))] for moment in found.timeline]
    assert best == ["낮은 음"] * 12 + ["high"] * 24
    assert (found.timeline[13].start_s, found.timeline[13].end_s) == (6.5, 7.0)
    mean = np.mean([moment.probabilities for moment in found.timeline], axis=0)
    np.testing.assert_allclose(found.probabilities, mean, atol=1e-6)
    y, sr = audio.load(path)
    np.testing.assert_allclose(classifier.predict(y, sr=sr).probabilities, found.probabilities, atol=1e-5)


def test_a_long_recording_at_another_rate_with_silence_in_it(trained, tmp_path):
    classifier = Classifier(trained / "run")
    y = np.concatenate([tone(203, sr=22050, duration_s=2), np.zeros(5 * 22050), tone(203, sr=22050, duration_s=2)])
    found = classifier.predict_file(recording(tmp_path / "a.wav", y, 22050))
    assert found.classes[0] == "낮은 음"
    assert found.segments <= 10  # digital silence is not classified
    with pytest.raises(AudioError, match="silent"):
        classifier.predict_file(recording(tmp_path / "b.wav", np.zeros(5 * 22050), 22050))


def test_a_short_recording_is_cut_as_for_a_dataset(trained):
    classifier = Classifier(trained / "run")
    path = next((trained / "sounds" / "high").iterdir())
    x, starts = classifier.preprocessor.segments_of_file(path)
    found = classifier.predict_file(path)
    assert [moment.start_s for moment in found.timeline] == [start / 8000 for start in starts]
    expected = classifier.predict_features(x).mean(axis=0)
    np.testing.assert_allclose(sorted(found.probabilities), sorted(expected), atol=1e-6)
