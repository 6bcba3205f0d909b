"""Training a small network on the piano, and going on where it was cut."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from sori.datasets.piano import PianoData
from sori.errors import BundleError, DatasetError, MissingDependencyError, ParameterError, SoriError
from sori.evaluation.notes import score_notes
from sori.inference.transcriber import NoteDecoding, Transcriber
from sori.music import notes_array
from sori.training import transcriber as piano_train
from sori.training.note_batches import transcription_loss
from sori.training.transcriber import PianoSettings, deploy_piano, train_piano
from tests.conftest import SMALL, Said

SCORES = ("precision", "recall", "f1", "offset_f1", "velocity_f1", "frame_f1")


def test_a_training_makes_a_model_that_transcribes(made):
    facts = json.loads((made / "run" / "bundle.json").read_text())
    assert facts["scores"]["valid"].keys() == {"light", "heavy"}
    transcriber = Transcriber(made / "run")
    assert transcriber(np.zeros(16000, dtype=np.float32), sr=16000).posteriors.shape == (51, 88, 5)
    for held in PianoData.open(made / "data").held_out("valid"):
        notes = transcriber(held.y, sr=16000, decoding=NoteDecoding(doubt=False), posteriors=False).notes
        found = score_notes(held.notes, notes_array(notes)).to_dict()
        assert {name: found[name] for name in SCORES} == pytest.approx(
            {name: facts["scores"]["valid"][held.condition][name] for name in SCORES}, abs=1e-3
        )


@pytest.fixture
def quickly_written(made, monkeypatch):
    """Deployed models whose network is one from before: writing it takes longer than these trainings."""
    monkeypatch.setattr(
        "sori.bundle.bundle.export_onnx", lambda model, path, **options: shutil.copy(made / "run" / "model.onnx", path)
    )


@pytest.mark.usefixtures("quickly_written")
def test_a_training_that_was_cut_ends_as_if_it_had_not_been(made, tmp_path):
    import keras

    class Cut(SoriError):
        pass

    def cut(line):
        if line.startswith("epoch 2"):
            raise Cut

    with pytest.raises(Cut):  # the last epoch was trained, and is lost
        train_piano(made / "data", tmp_path / "run", settings=SMALL, reporter=Said(on_say=cut))
    assert json.loads((tmp_path / "run" / "training.json").read_text())["state"]["epoch"] == 1
    assert [path.name for path in (tmp_path / "run").glob("*.keras")] == ["epoch-1.keras"]
    facts = json.loads((tmp_path / "run" / "training.json").read_text())
    del facts["settings"]["reuse"]  # as an earlier version wrote it
    (tmp_path / "run" / "training.json").write_text(json.dumps(facts))
    said = []
    train_piano(made / "data", tmp_path / "run", settings=SMALL, reporter=Said(said))
    assert "continues after epoch 1" in said[0]
    one, other = (
        keras.saving.load_model(run / "epoch-2.keras", compile=False).get_weights()
        for run in (made / "run", tmp_path / "run")
    )
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    with np.load(made / "run" / "mean-2.npz") as mean, np.load(tmp_path / "run" / "mean-2.npz") as again:
        for name in mean.files:
            np.testing.assert_allclose(again[name], mean[name], atol=1e-5)


@pytest.mark.usefixtures("quickly_written")
def test_a_training_that_is_made_anew_keeps_nothing_of_the_old(made, tmp_path):
    shutil.copytree(made / "run", tmp_path / "run")

    class Cut(BaseException):
        pass

    def cut(stage, done, total, values=None):
        raise Cut

    settings = replace(SMALL, seed=1)
    with pytest.raises(Cut):
        train_piano(made / "data", tmp_path / "run", settings=settings, overwrite=True, reporter=Said(on_progress=cut))
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["training.json"]
    with pytest.raises(BundleError, match="without a finished epoch"):
        train_piano(made / "data", tmp_path / "next", settings=SMALL, start_from=tmp_path / "run")


def test_a_training_that_diverges_says_so(made, tmp_path, monkeypatch):
    def no_number(y_true, y_pred):
        return 0 * transcription_loss(y_true, y_pred) + float("nan")

    monkeypatch.setitem(piano_train.LOSSES, "notes", no_number)
    with pytest.raises(SoriError, match="lower `lr`"):
        train_piano(made / "data", tmp_path / "run", settings=SMALL)


@pytest.mark.usefixtures("quickly_written")
def test_one_training_begins_with_the_weights_of_another(made, tmp_path):
    settings = PianoSettings(epochs=1, steps=1, batch_size=1, clip_s=1.0, lr=1e-6, options={"width": 0.1})
    train_piano(made / "data", tmp_path / "next", settings=settings, start_from=made / "run")
    from keras.saving import load_model

    facts = json.loads((made / "run" / "training.json").read_text())
    with np.load(made / "run" / facts["state"]["best_weights"]) as file:
        one = file[file.files[-2]]
    other = load_model(tmp_path / "next" / "epoch-1.keras", compile=False).get_weights()[-2]
    np.testing.assert_allclose(one, other, atol=1e-4)
    with pytest.raises(ParameterError, match="another size"):
        wider = PianoSettings(epochs=1, steps=1, batch_size=1, clip_s=1.0, options={"width": 0.2})
        train_piano(made / "data", tmp_path / "wider", settings=wider, start_from=made / "run")


def test_other_settings_and_foreign_folders_are_refused(made, tmp_path):
    with pytest.raises(DatasetError, match="other data or settings"):
        train_piano(made / "data", made / "run", settings=PianoSettings(epochs=3))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(DatasetError, match="was not made by sori piano train"):
        train_piano(made / "data", tmp_path / "mine", settings=SMALL)
    with pytest.raises(DatasetError, match="not data for a piano"):
        train_piano(tmp_path, tmp_path / "x", settings=SMALL)


def test_a_model_of_the_spectrum_is_scored_in_decibels_before_and_after(cleaner):
    scores = json.loads((cleaner / "bundle.json").read_text())["scores"]["valid"]["mixed"]
    assert scores["before_db"] > 1
    assert scores["after_db"] < 1.2 * scores["before_db"]


def test_what_was_trained_in_bfloat16_is_deployed_in_float32(cleaner):
    import keras

    trained = keras.saving.load_model(cleaner / "epoch-2.keras", compile=False)
    assert {"bfloat16", "float32"} <= {layer.compute_dtype for layer in trained.layers}
    assert keras.config.dtype_policy().name == "float32"


def test_the_best_weights_so_far_are_deployed_at_any_time(made, tmp_path):
    """As those of the finished training are, whose state is left as if it were going on."""
    bundle = piano_train.deploy_piano(made / "run", tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "README.md", "bundle.json", "model.onnx", "weights.npz",
    ]  # fmt: skip
    assert bundle.scores["valid"] == Transcriber(made / "run").bundle.scores["valid"]
    y = np.random.default_rng(0).standard_normal(16000).astype(np.float32) / 10
    for given in (made / "run", tmp_path / "model"):
        posteriors = Transcriber(given)(y, sr=16000).posteriors
        np.testing.assert_allclose(posteriors, Transcriber(made / "run")(y, sr=16000).posteriors, atol=5e-3)
    with pytest.raises(DatasetError, match="is there already"):
        piano_train.deploy_piano(made / "run", tmp_path / "model")
    with pytest.raises(BundleError, match="not a piano training"):
        piano_train.deploy_piano(tmp_path, tmp_path / "other")


@pytest.mark.usefixtures("quickly_written")
def test_a_model_goes_on_learning_from_its_own_weights(made, tmp_path):
    """Also one that was copied without its training, and one that ships, by its name."""
    piano_train.deploy_piano(made / "run", tmp_path / "model")
    settings = replace(SMALL, epochs=1, lr=1e-7)
    bundle = train_piano(made / "data", tmp_path / "more", settings=settings, start_from=tmp_path / "model")
    before = Transcriber(tmp_path / "model").bundle.weights()
    after = Transcriber(tmp_path / "more").bundle.weights()
    trained = [(a, b) for a, b in zip(before, after, strict=True) if a.ndim > 1]
    assert all(np.abs(a - b).max() < 2e-3 for a, b in trained)
    assert bundle.architecture["parameters"] == sum(w.size for w in after)
    with pytest.raises(ParameterError, match="its network has another size"):
        train_piano(made / "data", tmp_path / "other", settings=settings, start_from="piano")


def test_processes_render_the_same_batches_and_each_may_be_learned_from_again(made, tmp_path, monkeypatch):
    monkeypatch.setattr(piano_train, "_finish", lambda *arguments: None)
    settings = replace(SMALL, epochs=1, steps=4, reuse=2)
    losses = []
    for workers in (1, 2):
        run = tmp_path / str(workers)
        train_piano(made / "data", run, settings=settings, workers=workers)
        losses += [json.loads((run / "training.json").read_text())["state"]["history"][0]["loss"]]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    with pytest.raises(ParameterError, match="workers"):
        train_piano(made / "data", tmp_path / "none", settings=settings, workers=0)


def test_without_an_exporter_the_training_is_kept_and_what_to_do_is_told(made, tmp_path, monkeypatch):
    import keras

    def missing(*arguments, **options):
        raise ImportError("this requires the jax2onnx module")

    with monkeypatch.context() as patched:
        patched.setattr(keras.Model, "export", missing)
        with pytest.raises(MissingDependencyError, match=r"is trained, but .* sori piano deploy"):
            train_piano(made / "data", tmp_path / "run", settings=replace(SMALL, epochs=1, steps=1))
    deploy_piano(tmp_path / "run", tmp_path / "model")
    assert Transcriber(tmp_path / "model").bundle.task == "transcriber"
