import json
import shutil

import numpy as np
import pytest

from sori.bundle import Bundle
from sori.datasets import Dataset
from sori.errors import BundleError
from sori.models import build
from sori.tasks.train import train
from sori.training.carry_over import carry_over, known_recordings
from tests.conftest import Said


def network_of(run, *, classes=None):
    bundle = Bundle.open(run)
    options = bundle.architecture["options"]
    count = len(bundle.classes) if classes is None else classes
    return build(bundle.architecture["name"], input_shape=bundle.input_shape, n_classes=count, **options)


def test_every_layer_is_carried_over(trained):
    run = trained / "run"
    network, bundle = network_of(run), Bundle.open(run)
    normalisation, lines = carry_over(network, run, Dataset.open(trained / "data"), model=bundle.architecture["name"])
    x = np.random.default_rng(0).standard_normal((3, *bundle.input_shape)).astype(np.float32)
    logits = np.asarray(network(x))
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = bundle.keras_model()(x * normalisation.std + normalisation.mean)
    np.testing.assert_allclose(raised / raised.sum(axis=1, keepdims=True), np.asarray(expected), atol=1e-4)
    assert len(lines) == 1


def test_for_other_classes_the_last_layer_is_new(trained):
    run = trained / "run"
    network, same = network_of(run, classes=5), network_of(run)
    model = Bundle.open(run).architecture["name"]
    _, lines = carry_over(network, run, Dataset.open(trained / "data"), model=model)
    carry_over(same, run, Dataset.open(trained / "data"), model=model)
    assert "the last layer is new" in lines[1]
    for a, b in zip(network.layers[:-1], same.layers[:-1], strict=True):
        for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_what_does_not_fit_is_one_line(trained, tmp_path):
    run, data = trained / "run", Dataset.open(trained / "data")
    model = Bundle.open(run).architecture["name"]
    with pytest.raises(BundleError, match="cannot begin with its weights"):
        carry_over(network_of(run), run, data, model="bcresnet")
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run" / "best.weights.h5").write_bytes(b"x")
    with pytest.raises(BundleError, match="missing or of a network with other options"):
        carry_over(network_of(run), tmp_path / "run", data, model=model)
    values = json.loads((run / "bundle.json").read_text())
    values["front_end"]["sr"] = 4000
    (tmp_path / "run" / "bundle.json").write_text(json.dumps(values))
    with pytest.raises(BundleError, match="other features"):
        carry_over(network_of(run), tmp_path / "run", data, model=model)


def test_a_training_goes_on_and_a_test_that_was_trained_on_is_told(trained, tmp_path):
    model = Bundle.open(trained / "run").architecture["name"]
    options = Bundle.open(trained / "run").architecture["options"]
    said = []
    given = {"model": model, "model_options": options, "epochs": 1, "start_from": trained / "run"}
    result = train(trained / "data", tmp_path / "same", reporter=Said(said), **given)
    assert any("begins with the weights" in line for line in said)
    assert not result.scores["leaky"]  # the same split, since seed and groups are the same
    other = train(trained / "data", tmp_path / "other", seed=3, **given)
    tested = set(Bundle.open(tmp_path / "other").parts()["test"])
    assert other.scores["leaky"] == bool(tested & known_recordings(trained / "run"))
    assert other.scores["leaky"]
    assert any("leaky" in note for note in other.notes)
    # A third generation is told of what the first one was trained on, too.
    third = train(trained / "data", tmp_path / "third", **{**given, "start_from": tmp_path / "other"})
    assert known_recordings(trained / "run") <= known_recordings(tmp_path / "third")
    assert third.scores["leaky"]
