import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from sori.bundle import pretrained
from sori.bundle.bundle import Bundle
from sori.datasets import Dataset
from sori.errors import BundleError, ParameterError
from sori.features import LogFrequency, Segmenting
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
        (lambda v: v.pop("classes"), "field `classes`"),
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


OLD = Path(__file__).with_name("v1")


def old_bundle(folder, name, **changes):
    """Put a description of version 1, changed or not, beside the shipped model that it was of."""
    folder.mkdir(exist_ok=True)
    for part in ("model.onnx", "README.md"):
        shutil.copy(pretrained(name) / part, folder / part)
    values = {**json.loads((OLD / f"{name}.json").read_text(encoding="utf-8")), **changes}
    (folder / "bundle.json").write_text(json.dumps(values), encoding="utf-8")
    return folder


def test_a_transcriber_of_version_1_is_one_still(tmp_path):
    old = Bundle.open(old_bundle(tmp_path / "old", "piano"))
    assert (old.task, old.input_shape, old.front_end.windows) == ("transcriber", (None, 296, 2), (1024, 4096))
    assert old.architecture["parameters"] == 1949012


def test_a_bundle_of_version_1_opens_as_the_same_model(tmp_path):
    old, new = Bundle.open(old_bundle(tmp_path / "old", "keywords")), Bundle.open("keywords")
    assert old.task == "classifier"
    assert old.card == new.card
    for field in ("front_end", "segmenting", "input_shape", "classes", "normalisation", "architecture", "scores"):
        assert getattr(old, field) == getattr(new, field), field


def test_a_bundle_of_version_1_is_saved_in_the_current_one(tmp_path):
    old = Bundle.open(old_bundle(tmp_path / "old", "piano"))
    values = json.loads(json.dumps(old.to_dict()))
    assert values["schema_version"] == 2
    (tmp_path / "old" / "bundle.json").write_text(json.dumps(values))
    assert Bundle.open(tmp_path / "old") == old


def test_a_cleaner_of_version_1_is_one_still(tmp_path):
    assert Bundle.open(old_bundle(tmp_path / "old", "piano", task="piano spectrum")).task == "cleaner"


@pytest.mark.parametrize("name", ["keywords", "piano"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"schema_version": 3}, "format 3"),
        ({"schema_version": None}, "None"),
    ],
)
def test_an_old_bundle_with_something_unknown_is_refused(tmp_path, name, change, message):
    with pytest.raises(BundleError, match=message):
        Bundle.open(old_bundle(tmp_path / "old", name, **change))


def test_an_old_bundle_of_another_task_is_refused(tmp_path):
    with pytest.raises(BundleError, match="violin"):
        Bundle.open(old_bundle(tmp_path / "old", "piano", task="violin"))


def test_an_unknown_task_is_refused(run):
    values = json.loads((run / "bundle.json").read_text())
    (run / "bundle.json").write_text(json.dumps({**values, "task": "clasifier"}))
    with pytest.raises(BundleError, match="did you mean 'classifier'"):
        Bundle.open(run)


@pytest.mark.parametrize(
    ("task", "arguments", "message"),
    [
        ("classifier", {"classes": ("a",)}, "two classes or more"),
        ("spotter", {}, "two classes or more"),
        ("transcriber", {"classes": ("a", "b")}, "has no classes"),
        ("embedder", {"classes": ("a", "b")}, "has no classes"),
        ("cleaner", {"segmenting": Segmenting(duration_s=1, segments=1)}, "any length"),
    ],
)
def test_a_task_has_what_it_needs_and_nothing_else(task, arguments, message):
    given = {"front_end": LogFrequency(), "segmenting": None, "input_shape": (None, 296, 2), **arguments}
    with pytest.raises(ParameterError, match=message):
        Bundle(task=task, **given)


def test_weights_to_train_on_ship_with_the_piano_and_others_have_none(tmp_path):
    weights = Bundle.open("piano").weights()
    assert sum(array.size for array in weights) == Bundle.open("piano").architecture["parameters"]
    assert all(array.dtype == np.float32 for array in weights)
    with pytest.raises(BundleError, match=r"has no weights\.npz: it can be used but not trained on"):
        Bundle.open("keywords").weights()
    shutil.copytree(pretrained("piano"), tmp_path / "piano")
    (tmp_path / "piano" / "weights.npz").write_bytes(b"no archive")
    with pytest.raises(BundleError, match=r"weights\.npz: damaged"):
        Bundle.open(tmp_path / "piano").weights()
