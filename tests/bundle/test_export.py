import json

import numpy as np
import onnx
import pytest

from sori.bundle import Bundle
from sori.bundle import export as exporting
from sori.bundle.export import export_whole
from sori.errors import BundleError
from sori.features import Embedding, FrontEnd, Preprocessor, Segmenting
from sori.inference import Classifier
from sori.sessions import onnx_session
from tests.conftest import FRONT_ENDS, needs_package


def test_samples_become_the_classifiers_probabilities(trained, tmp_path, rng):
    made = export_whole(trained / "run", tmp_path / "whole.onnx")
    classifier = Classifier(trained / "run")
    clips = 0.2 * rng.standard_normal((3, classifier.preprocessor.samples)).astype(np.float32)
    session = onnx_session(tmp_path / "whole.onnx")
    found = session.run(["probabilities"], {"samples": clips})[0]
    np.testing.assert_allclose(found, classifier.predict_clips(clips), atol=1e-3)
    assert made["gap"] < 1e-3
    facts = session.get_modelmeta().custom_metadata_map
    assert json.loads(facts["classes"]) == list(classifier.bundle.classes) == made["classes"]
    assert int(facts["sr"]) == classifier.preprocessor.sr
    assert int(facts["samples"]) == classifier.preprocessor.samples


def test_the_shipped_spotter_is_exported(tmp_path):
    assert export_whole("keywords", tmp_path / "keywords.onnx")["gap"] < 1e-3


def bundle_of(front_end, folder, *, samples=8000):
    """A bundle whose network is the mean over frames, times known weights, and a softmax."""
    preprocessor = Preprocessor(front_end, Segmenting(duration_s=samples / front_end.sr, segments=1, pad=True))
    frames, bins = preprocessor.shape
    weights = np.random.default_rng(0).standard_normal((bins, 2)).astype(np.float32) * 0.01
    helper = onnx.helper
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["mean", "w"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["p"]),
    ]
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info("x", 1, ["n", frames, bins])],
        [helper.make_tensor_value_info("p", 1, ["n", 2])],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / "model.onnx"
    )
    bundle = Bundle(
        task="classifier",
        front_end=front_end,
        segmenting=preprocessor.segmenting,
        input_shape=(frames, bins),
        classes=("a", "b"),
    )
    (folder / "bundle.json").write_text(json.dumps(bundle.to_dict()))
    return folder


@pytest.mark.parametrize(
    "front_end",
    [
        *FRONT_ENDS,
        Embedding(),
        pytest.param(Embedding(model="speech", hop_length=3200), marks=needs_package("openwakeword")),
    ],
    ids=lambda one: one.kind,
)
def test_every_front_end_has_its_form(tmp_path, front_end):
    samples = 24000 if front_end.kind == "embedding" else 8000
    made = export_whole(bundle_of(front_end, tmp_path, samples=samples), tmp_path / "whole.onnx")
    assert made["gap"] < 1e-3


def test_a_clip_shorter_than_a_window_of_an_embedding_is_padded(tmp_path):
    assert export_whole(bundle_of(Embedding(), tmp_path), tmp_path / "whole.onnx")["gap"] < 1e-3


def test_what_answers_otherwise_is_not_written(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "_LOWEST_POWER", 1.0)
    with pytest.raises(BundleError, match="answers otherwise"):
        export_whole(trained / "run", tmp_path / "whole.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_network_is_one_line(tmp_path):
    folder = bundle_of(FrontEnd(kind="waveform", sr=8000), tmp_path)
    data = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(data[: len(data) // 2])
    with pytest.raises(BundleError, match="not a readable model"):
        export_whole(folder, tmp_path / "a.onnx")


def test_what_has_no_form_is_told(tmp_path):
    with pytest.raises(BundleError, match="not a classifier of recordings"):
        export_whole("piano", tmp_path / "a.onnx")
