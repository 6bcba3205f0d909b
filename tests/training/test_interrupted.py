import json
from dataclasses import replace

import numpy as np
import pytest

from sori import models
from sori.augment import Augmentation, Mix
from sori.datasets import StoredFeatures
from sori.errors import DatasetError
from sori.models.backend import keras as load_keras
from sori.reporter import Cancelled
from sori.tasks.train import train
from sori.training import interrupted
from sori.training.fit import Settings, fit
from sori.training.interrupted import Unfinished, unfinished_folder
from tests.conftest import Said


@pytest.fixture(autouse=True)
def saved_after_every_epoch(monkeypatch):
    monkeypatch.setattr(interrupted, "_EVERY_S", 0.0)


class Interrupted(Exception):
    """Stands for Ctrl-C, or a machine that is switched off."""


def after(epoch):
    def stop(stage, done, total, values):
        if values.get("epoch", 0) > epoch:
            raise Interrupted

    return Said(on_progress=stop)


SETTINGS = Settings(epochs=6, batch_size=16, lr=1e-2, schedule="cosine", augment=Augmentation(mix=Mix(mixup=0.2)))


def fitted(rng, *, kept=None, reporter=None, settings=SETTINGS, seed=0):
    labels = np.arange(90) % 3
    x = rng.standard_normal((90, 6, 4)).astype(np.float32) + np.eye(3, 4, dtype=np.float32)[labels][:, np.newaxis]
    load_keras().utils.set_random_seed(seed)
    network = models.build("mlp", input_shape=(6, 4), n_classes=3, width=0.1, dropout=0.5)
    given = {"settings": settings, "kept": kept, "reporter": reporter or Said()}
    history = fit(network, (StoredFeatures(x[:60]), labels[:60]), (x[60:], labels[60:]), **given)
    return history, network.get_weights()


def test_an_interrupted_training_ends_as_if_it_had_not_been(tmp_path):
    whole, weights = fitted(np.random.default_rng(1))
    with pytest.raises(Interrupted):
        fitted(
            np.random.default_rng(1),
            kept=Unfinished(tmp_path / "run", {}).stage("Training"),
            reporter=after(3),
        )
    said = Said()
    kept = Unfinished(tmp_path / "run", {}, resume=True).stage("Training")
    history, again = fitted(np.random.default_rng(1), kept=kept, reporter=said, seed=5)
    assert said.said == ["Training: goes on after epoch 3"]
    assert len(history.epochs) == 6
    assert history.best_epoch == whole.best_epoch
    np.testing.assert_allclose(history.column("loss"), whole.column("loss"), rtol=1e-4)
    for one, other in zip(again, weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_one_that_is_finished_is_not_trained_again(tmp_path):
    kept = Unfinished(tmp_path / "run", {}).stage("Fold 1 of 5")
    first, weights = fitted(np.random.default_rng(1), kept=kept)
    again, same = fitted(np.random.default_rng(1), kept=kept, reporter=after(0), seed=5)
    assert again == first
    for one, other in zip(same, weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_patience_counts_the_epochs_before(tmp_path):
    settings = replace(SETTINGS, epochs=40, patience=3, lr=3e-2)
    whole, _ = fitted(np.random.default_rng(1), settings=settings)
    assert whole.stopped
    kept = Unfinished(tmp_path / "run", {}).stage("Training")
    with pytest.raises(Interrupted):
        fitted(np.random.default_rng(1), settings=settings, kept=kept, reporter=after(whole.best_epoch + 1))
    history, _ = fitted(np.random.default_rng(1), settings=settings, kept=kept)
    assert history.stopped
    assert fitted(np.random.default_rng(1), settings=settings, kept=kept, reporter=after(0))[0] == history
    assert len(history.epochs) == len(whole.epochs)


def test_a_damaged_state_is_told(tmp_path):
    kept = Unfinished(tmp_path / "run", {}).stage("Training")
    fitted(np.random.default_rng(1), kept=kept)
    (weights,) = kept.path.glob("*.weights.h5")
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(DatasetError, match=r"is damaged .*begin anew"):
        fitted(np.random.default_rng(1), kept=kept)
    for content in ("{", "[]", json.dumps({"epochs": 3})):
        (kept.path / "state.json").write_text(content)
        with pytest.raises(DatasetError, match="is damaged"):
            kept.read()


def test_states_of_others_are_neither_used_nor_removed(tmp_path):
    folder = tmp_path / "run.unfinished"
    made = {"options": {"lr": 1, "width": None, "columns": ["a"]}, "backend": "jax"}
    first = Unfinished(folder, made)
    first.made_of(data="a")
    fitted(np.random.default_rng(1), kept=first.stage("Training"))
    with pytest.raises(DatasetError, match="give `resume=True` to go on with it, or `overwrite=True`"):
        Unfinished(folder, made)
    other = {"options": {"lr": 2, "width": 0.5, "columns": ["b"]}, "backend": "tensorflow"}
    message = "had lr 1, not 2; width as usual, not 0.5; other columns; backend jax, not tensorflow; give the same"
    with pytest.raises(DatasetError, match=message):
        Unfinished(folder, other, resume=True)
    with pytest.raises(DatasetError, match="had data a, not b"):
        Unfinished(folder, made, resume=True).made_of(data="b")
    assert Unfinished(folder, made, resume=True).resumed
    Unfinished(folder, other, overwrite=True)
    assert not folder.exists()
    Unfinished(folder, made).stage("Training")  # nothing saved: nothing lost
    assert not Unfinished(folder, other).resumed
    folder.mkdir()
    (folder / "mine.txt").write_text("x")
    with pytest.raises(DatasetError, match="in the way"):
        Unfinished(folder, {})
    assert (folder / "mine.txt").is_file()


def test_a_run_goes_on_after_its_last_epoch_and_leaves_nothing_behind(trained, tmp_path):
    out, given = tmp_path / "실행", {"model": "mlp", "epochs": 5, "lr": 1e-3}

    def stop(stage, done, total, values):
        if values.get("epoch", 0) > 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(trained / "data", out, reporter=Said(on_progress=stop), **given)
    assert not out.exists()
    assert unfinished_folder(out).is_dir()
    with pytest.raises(DatasetError, match=r"had lr 0\.001, not 0\.01"):
        train(trained / "data", out, resume=True, reporter=Said(), **{**given, "lr": 1e-2})
    said = Said()
    result = train(trained / "data", out, resume=True, reporter=said, **given)
    assert "Training: goes on after epoch 2" in said.said
    assert result.epochs == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["실행"]
    said = Said()
    train(trained / "data", tmp_path / "new", resume=True, reporter=said, **given)
    assert "no epoch of an interrupted training was saved: it begins anew" in said.said
