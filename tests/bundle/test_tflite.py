import shutil

import numpy as np
import pytest

from sori.bundle import Bundle
from sori.bundle import tflite as exporting
from sori.bundle.tflite import _answer, _features, export_tflite
from sori.errors import BundleError, MissingDependencyError
from sori.inference import Classifier
from sori.models.backend import keras as load_keras
from tests.conftest import FRONT_ENDS


def test_samples_become_the_classifiers_probabilities(trained, tmp_path, rng):
    made = export_tflite(trained / "run", tmp_path / "작은.tflite")
    classifier = Classifier(trained / "run")
    assert made["classes"] == list(classifier.bundle.classes)
    assert made["gap"] < 1e-3
    clips = 0.2 * rng.standard_normal((2, made["samples"])).astype(np.float32)
    found = _answer((tmp_path / "작은.tflite").read_bytes(), clips)
    np.testing.assert_allclose(found, classifier.predict_clips(clips), atol=1e-3)


@pytest.mark.parametrize("front_end", FRONT_ENDS, ids=lambda one: one.kind)
def test_every_front_end_has_its_form(front_end, rng):
    keras = load_keras()
    samples = keras.Input((3001,), batch_size=1)
    model = keras.Model(samples, _features(samples, front_end))
    y = 0.1 * rng.standard_normal(3001).astype(np.float32)
    np.testing.assert_allclose(np.asarray(model(y[np.newaxis]))[0], front_end(y), rtol=1e-4, atol=2e-3)


def test_what_cannot_be_converted_leaves_nothing(trained, tmp_path, monkeypatch):
    with pytest.raises(BundleError, match="not a classifier"):
        export_tflite("piano", tmp_path / "a.tflite")
    with pytest.raises(BundleError, match=r"has no model\.keras"):
        export_tflite("keywords", tmp_path / "a.tflite")
    run = tmp_path / "run"
    shutil.copytree(trained / "run", run)
    (run / "model.keras").write_bytes(b"PK")
    with pytest.raises(BundleError, match=r"model\.keras: damaged"):
        export_tflite(run, tmp_path / "a.tflite")
    with monkeypatch.context() as patched:
        patched.setattr(exporting, "_LOWEST_POWER", 1.0)
        with pytest.raises(BundleError, match="answers otherwise"):
            export_tflite(trained / "run", tmp_path / "a.tflite")
    monkeypatch.setattr(load_keras().config, "backend", lambda: "jax")
    with pytest.raises(MissingDependencyError, match="Keras on TensorFlow"):
        export_tflite(trained / "run", tmp_path / "a.tflite")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert Bundle.open(run).task == "classifier"
