import json
import shutil

import numpy as np
import pytest

from sori.bundle.bundle import Bundle
from sori.datasets import Dataset
from sori.errors import BundleError
from sori.inference.classifier import Classifier
from sori.models.backend import keras as load_keras


@pytest.fixture
def run(trained, tmp_path):
    shutil.copytree(trained / "run", tmp_path / "run")
    return tmp_path / "run"


def test_both_models_answer_alike(trained):
    x = Dataset.open(trained / "data").load().x
    theirs = np.asarray(Bundle.open(trained / "run").keras_model().predict(x, verbose=0))
    np.testing.assert_allclose(Classifier(trained / "run").predict_features(x), theirs, atol=1e-4)


def test_survives_a_round_trip(run):
    bundle = Bundle.open(run)
    (run / "bundle.json").write_text(json.dumps(bundle.to_dict()))
    assert Bundle.open(run) == bundle


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.update(extra=1), "unknown key 'extra' in bundle.json"),
        (lambda v: v["front_end"].update(n_mells=3), "unknown key 'n_mells' in FrontEnd; did you mean 'n_mels'"),
        (lambda v: v["segmenting"].update(padd=True), "unknown key 'padd' in segmenting; did you mean 'pad'"),
        (lambda v: v.pop("classes"), "'classes' is missing"),
        (lambda v: v.pop("scores"), "scores"),
        (lambda v: v.update(schema_version=9), "has format 9; this Sori reads 1 to 2"),
        (lambda v: v.update(input_shape=3), "bundle.json: "),
        (lambda v: v["classes"].pop(), r"model\.onnx has 3 outputs, bundle\.json 2 classes"),
    ],
)
def test_a_wrong_description_is_one_line(run, change, message):
    values = json.loads((run / "bundle.json").read_text())
    change(values)
    (run / "bundle.json").write_text(json.dumps(values))
    with pytest.raises(BundleError, match=message) as error:
        Classifier(run)
    assert "\n" not in str(error.value)


def test_missing_and_damaged_parts_are_named(run, tmp_path):
    with pytest.raises(BundleError, match=r"nowhere: not a trained model \(no bundle\.json\)"):
        Classifier(tmp_path / "nowhere")
    (run / "split.json").write_text("{}")
    with pytest.raises(BundleError, match=r"split\.json: missing or damaged"):
        Bundle.open(run).parts()
    (run / "model.onnx").write_bytes((run / "model.onnx").read_bytes()[:1000])
    with pytest.raises(BundleError, match=r"model\.onnx: not a readable model"):
        Classifier(run)
    (run / "model.keras").write_bytes(b"nonsense")
    with pytest.raises(BundleError, match=r"model\.keras: refused or damaged"):
        Bundle.open(run).keras_model()
    (run / "model.onnx").unlink()
    with pytest.raises(BundleError, match=r"incomplete: model\.onnx is missing"):
        Classifier(run)
    (run / "bundle.json").write_text("{")
    (run / "model.onnx").touch()
    with pytest.raises(BundleError, match=r"bundle\.json: "):
        Bundle.open(run)


def test_a_model_of_another_shape_is_noticed(run):
    values = json.loads((run / "bundle.json").read_text())
    values["input_shape"] = [33, 13]
    (run / "bundle.json").write_text(json.dumps(values))
    with pytest.raises(BundleError, match=r"takes .*32.*bundle\.json says"):
        Classifier(run)


def test_a_bundle_runs_no_code(run, tmp_path):
    keras = load_keras()
    inputs = keras.Input((32, 13))
    outputs = keras.layers.Lambda(lambda x: x + 1, output_shape=(32, 13))(inputs)
    keras.Model(inputs, outputs).save(run / "model.keras")
    with pytest.raises(BundleError, match=r"model\.keras: refused or damaged"):
        Bundle.open(run).keras_model()


def test_nothing_in_it_is_pickled(run):
    for file in run.iterdir():
        assert not file.read_bytes()[:2] == b"\x80\x04", file
        assert file.suffix in {".json", ".keras", ".h5", ".onnx", ".csv", ".md", ".html"}
