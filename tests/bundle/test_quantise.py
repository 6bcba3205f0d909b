import json
import shutil

import numpy as np
import onnx
import pytest

from sori.bundle import Bundle
from sori.bundle.export import export_whole
from sori.bundle.quantise import quantised
from sori.errors import BundleError, DatasetError
from sori.inference import Classifier
from sori.sessions import onnx_session


def test_the_network_becomes_small_and_answers_alike(trained, tmp_path, rng):
    model, measured = quantised(Bundle.open(trained / "run"), trained / "data")
    before = onnx.load(trained / "run" / "model.onnx")
    assert len(model.SerializeToString()) < 0.4 * len(before.SerializeToString())
    assert any(weight.data_type == onnx.TensorProto.INT8 for weight in model.graph.initializer)
    assert measured["part"] == "test"
    assert measured["recordings"] == Bundle.open(trained / "run").scores["recordings"]
    assert measured["accuracy_before"] == pytest.approx(Bundle.open(trained / "run").scores["accuracy"])
    assert measured["difference"] == pytest.approx(measured["accuracy_after"] - measured["accuracy_before"])
    assert abs(measured["difference"]) < 0.2
    made = export_whole(trained / "run", tmp_path / "small.onnx", quantise_with=trained / "data")
    assert made["quantised"] == measured
    classifier = Classifier(trained / "run")
    clips = 0.2 * rng.standard_normal((3, classifier.preprocessor.samples)).astype(np.float32)
    found = onnx_session(tmp_path / "small.onnx").run(["probabilities"], {"samples": clips})[0]
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert np.abs(found - classifier.predict_clips(clips)).max() <= max(made["gap"], 0.2)


def test_validation_says_what_it_costs_where_there_was_no_test_part(trained, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained / "run", folder)
    parts = json.loads((folder / "split.json").read_text())
    (folder / "split.json").write_text(json.dumps({**parts, "test": []}))
    assert quantised(Bundle.open(folder), trained / "data")[1]["part"] == "valid"
    (folder / "split.json").write_text(json.dumps({"train": ["0"], "valid": ["1"], "test": ["2"]}))
    with pytest.raises(DatasetError, match="does not hold the recordings"):
        quantised(Bundle.open(folder), trained / "data")


def test_a_damaged_network_is_told(trained, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained / "run", folder)
    (folder / "model.onnx").write_bytes(b"x")
    with pytest.raises(BundleError):
        quantised(Bundle.open(folder), trained / "data")
