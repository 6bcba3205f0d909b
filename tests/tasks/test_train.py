import json
import shutil

import numpy as np
import pytest
import soundfile

from sori.augment import Chain, Mix, SpectrogramAugment
from sori.bundle.bundle import Bundle
from sori.datasets import Dataset, build, import_json, import_npz, read_catalog, read_clips
from sori.datasets.convert import export_json
from sori.errors import BundleError, DatasetError, ParameterError, SoriError
from sori.features import FrontEnd, Preprocessor, Segmenting
from sori.tasks.train import train
from tests.conftest import FRONT_END, Said, recording, tone


def test_a_run_has_all_its_parts(trained):
    names = {path.name for path in (trained / "run").iterdir()}
    expected = {"bundle.json", "split.json", "model.keras", "model.onnx", "history.csv", "README.md", "report.html"}
    expected |= {"best.weights.h5", "predictions.csv"}
    assert names == expected
    bundle = Bundle.open(trained / "run")
    assert bundle.classes == ("high", "mid", "낮은 음")
    assert bundle.architecture["options"] == {"dropout": 0.1, "l2": 0.0, "width": 1.0, "depth": 0}
    assert bundle.scores["accuracy"] > 0.8
    assert bundle.scores["leaky"] is False
    assert bundle.dataset["fingerprint"] == Dataset.open(trained / "data").fingerprint
    assert len((trained / "run" / "history.csv").read_text().splitlines()) == 13
    card = (trained / "run" / "README.md").read_text()
    assert "낮은 음" in card
    assert "test recordings that were not in training" in card
    report = (trained / "run" / "report.html").read_text()
    assert "낮은 음" in report
    assert "http" not in report.replace("http://www.w3.org", "").replace("https://matplotlib.org", "").replace(
        "http://purl.org", ""
    ).replace("http://creativecommons.org", "")


def test_normalisation_is_that_of_the_training_part(trained):
    bundle, dataset = Bundle.open(trained / "run"), Dataset.open(trained / "data")
    parts = bundle.parts()
    assert not set(parts["train"]) & (set(parts["valid"]) | set(parts["test"]))
    data, digests = dataset.load(), dataset.digests()
    heard = np.array([digests[name] in set(parts["train"]) for name in data.recording])
    np.testing.assert_allclose(bundle.normalisation["mean"], data.x[heard].mean(axis=(0, 1)), rtol=1e-3, atol=1e-2)
    assert np.abs(np.array(bundle.normalisation["mean"]) - data.x.mean(axis=(0, 1))).max() > 1e-4


def test_the_same_seed_scores_the_same(trained, tmp_path):
    runs = [train(trained / "data", tmp_path / name, model="mlp", epochs=2, seed=3) for name in ("one", "two")]
    assert runs[0].scores == runs[1].scores
    first, second = (tmp_path / name / "history.csv" for name in ("one", "two"))
    assert first.read_text() == second.read_text()


def test_straight_from_a_folder(trained, tmp_path):
    said = []
    result = train(trained / "sounds", tmp_path / "run", epochs=2, reporter=Said(said))
    assert (tmp_path / "run-dataset" / "_dataset.json").is_file()
    assert Bundle.open(tmp_path / "run").architecture["name"] == "cnn"
    assert result.scores["recordings"] > 0
    text = "\n".join(said)
    for expected in ("37 recordings of 3 classes, 1 s, mostly at 8000 Hz", "64 mel bands at 8000 Hz", "model: cnn"):
        assert expected in text
    assert "failed: mid/0-empty.wav: the file is empty (0 bytes)" in text


def test_folds_report_mean_and_spread(trained, tmp_path):
    said = []
    result = train(
        trained / "sounds", tmp_path / "run", model="mlp", epochs=2, folds=True, fold_by=r"^(\d)", reporter=Said(said)
    )
    folds = result.scores["folds"]
    assert [fold["fold"] for fold in folds] == ["0", "1", "2", "3"]
    assert sum(fold["recordings"] for fold in folds) == result.scores["recordings"] == 36
    accuracies = [fold["accuracy"] for fold in folds]
    assert result.scores["accuracy"] == pytest.approx(np.mean(accuracies))
    assert result.scores["accuracy_std"] == pytest.approx(np.std(accuracies))
    assert np.sum(result.scores["confusion"]) == 36
    assert Bundle.open(tmp_path / "run").parts()["test"] == []
    assert "one network per fold" in (tmp_path / "run" / "README.md").read_text()


def test_a_leaky_score_is_marked_everywhere(trained, tmp_path):
    result = train(trained / "data", tmp_path / "run", model="mlp", epochs=1, split="segment")
    assert result.scores["leaky"] is True
    assert any("leaky" in note for note in result.notes)
    assert "LEAKY" in json.loads((tmp_path / "run" / "bundle.json").read_text())["scores"]["split"]
    assert "LEAKY" in (tmp_path / "run" / "report.html").read_text()
    assert "LEAKY" in (tmp_path / "run" / "README.md").read_text()


def test_imported_features_train_but_only_with_known_groups(trained, tmp_path):
    export_json(Dataset.open(trained / "data"), tmp_path / "out.json")
    import_json(tmp_path / "out.json", tmp_path / "unknown")
    with pytest.raises(DatasetError, match="only a leaky split is possible"):
        train(tmp_path / "unknown", tmp_path / "run", epochs=1)
    import_json(tmp_path / "out.json", tmp_path / "known", group_size=2)
    train(tmp_path / "known", tmp_path / "run", epochs=1)
    with pytest.raises(BundleError, match="cannot be used on a recording"):
        from sori.inference.classifier import Classifier

        Classifier(tmp_path / "run").predict_file("x.wav")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "mpl"}, "model must be one of mlp, cnn.*did you mean 'mlp'"),
        ({"model": "mlp", "model_options": {"droput": 1}}, "unknown key 'droput' in the options of mlp"),
        ({"epochs": 0}, "epochs must be"),
        ({"lr": -1.0}, "lr must be"),
        ({"test_size": 1.5}, "test_size must be"),
        ({"folds": True}, "no folds of its own"),
        ({"group_by": "x"}, "not for a dataset"),
        ({"model": "mlp", "model_options": {"dropout": 2}}, "dropout must be 0 to 0.95"),
    ],
)
def test_refused_before_anything_is_written(trained, tmp_path, arguments, message):
    with pytest.raises((ParameterError, SoriError), match=message):
        train(trained / "data", tmp_path / "run", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_kept(trained, tmp_path):
    before = (trained / "run" / "bundle.json").read_bytes()
    with pytest.raises(SoriError, match="is there already; give `overwrite=True`"):
        train(trained / "data", trained / "run", epochs=1)
    assert (trained / "run" / "bundle.json").read_bytes() == before
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(SoriError, match="was not made by sori train; choose another name"):
        train(trained / "data", tmp_path, epochs=1, overwrite=True)


def test_one_class_is_not_enough(sounds, tmp_path):
    with pytest.raises(DatasetError, match=r"only one class \(low\)"):
        train(sounds(("low",)), tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["sounds"]
    with pytest.raises(DatasetError, match="no such dataset, folder of recordings or CSV file"):
        train(tmp_path / "nowhere", tmp_path / "run")


def test_a_mistake_in_the_call_is_told_before_anything_is_built(trained, tmp_path):
    for bad, message in (
        ({"model": "cnnn"}, "did you mean 'cnn'"),
        ({"seed": -1}, "seed must be 0 to"),
        ({"epochs": 0}, "epochs must be"),
        ({"folds": True, "split": "segment"}, "leave out `split`"),
        ({"test_fold": "1", "split": "segment"}, "`test_fold` belongs to"),
    ):
        with pytest.raises(SoriError, match=message):
            train(trained / "sounds", tmp_path / "run", **bad)
    assert list(tmp_path.iterdir()) == []


def test_the_dataset_beside_a_run_is_used_again_but_never_replaced_unasked(trained, tmp_path):
    train(trained / "sounds", tmp_path / "run", model="mlp", epochs=1)
    built = (tmp_path / "run-dataset" / "_dataset.json").stat().st_mtime_ns
    train(trained / "data", tmp_path / "run", model="mlp", epochs=1, overwrite=True)
    shutil.rmtree(tmp_path / "run")
    train(trained / "sounds", tmp_path / "run", model="mlp", epochs=1)
    assert (tmp_path / "run-dataset" / "_dataset.json").stat().st_mtime_ns == built
    mine = tmp_path / "other-dataset"
    build(
        read_catalog(trained / "sounds"),
        mine,
        preprocessor=Preprocessor(FRONT_END, Segmenting(duration_s=1, segments=1)),
    )
    with pytest.raises(DatasetError, match="other-dataset: would be replaced, but was not made by sori train"):
        train(trained / "sounds", tmp_path / "other", model="mlp", epochs=1)
    assert Dataset.open(mine).front_end == FRONT_END


def test_backgrounds_that_cannot_be_read_or_are_tested_on_are_left_out(trained, tmp_path):
    dataset = Dataset.open(trained / "data")
    behind = tmp_path / "behind"
    behind.mkdir()
    for path in (trained / "sounds" / "mid").iterdir():
        shutil.copy(path, behind / path.name)
    (behind / "나쁜.wav").write_text("no sound")
    said = []
    train(
        trained / "data",
        tmp_path / "run",
        model="mlp",
        epochs=1,
        augment="none",
        background=behind,
        reporter=Said(said),
    )
    parts, digests = Bundle.open(tmp_path / "run").parts(), dataset.digests()
    held_out = {*parts["valid"], *parts["test"]}
    left_out = {"나쁜.wav", "0-empty.wav"} | {
        name.split("/")[1] for name, digest in digests.items() if name.startswith("mid/") and digest in held_out
    }
    told = [line.split(" ")[1] for line in said if line.startswith("background")]
    assert told == sorted(left_out)[:5]
    assert f"{len(left_out) - 5} more backgrounds are left out, of {len(list(behind.iterdir()))}" in said


def test_no_sound_but_the_training_part_is_ever_changed_or_mixed(trained, tmp_path, monkeypatch):
    """Waveforms on their way to features, features on their way to a batch, and what a batch mixes."""
    dataset, seen = Dataset.open(trained / "data"), {"clips": [], "features": [], "mixed": []}
    mix = Mix.apply

    def changed(chain, y, drawn, *, sr):
        seen["clips"].append(np.array(y))
        return y  # unchanged, so that what comes after can be told as well

    def masked(self, x, drawn):
        seen["features"].extend(x)
        return x

    def mixed(self, x, y, drawn):
        seen["mixed"].extend(x)
        return mix(self, x, y, drawn)

    monkeypatch.setattr(Chain, "apply", changed)
    monkeypatch.setattr(SpectrogramAugment, "apply", masked)
    monkeypatch.setattr(Mix, "apply", mixed)
    train(trained / "data", tmp_path / "run", model="mlp", epochs=2, augment="speech")
    bundle, segments = Bundle.open(tmp_path / "run"), dataset.load()
    parts, digests = bundle.parts(), dataset.digests()
    place = {name: part for part, heard in parts.items() for name, digest in digests.items() if digest in heard}
    of_part = np.array([place[name] for name in segments.recording])
    clips = read_clips(dataset, segments, np.arange(len(segments)), tmp_path / "clips.npy")
    mean, std = (np.array(bundle.normalisation[key], dtype=np.float32) for key in ("mean", "std"))
    everything = {"clips": clips, "features": (segments.x - mean) / std, "mixed": (segments.x - mean) / std}
    for name, kind in everything.items():
        assert len(seen[name]) >= (of_part == "train").sum()
        nearest = {int(np.abs(kind - one).reshape(len(kind), -1).max(axis=1).argmin()) for one in seen[name]}
        assert {of_part[i] for i in nearest} == {"train"}, name


@pytest.mark.parametrize("fill", ["mean", "fade"])
def test_blanks_may_hold_something_else(trained, tmp_path, fill):
    given = {"model": "mlp", "epochs": 1, "mask_fill": fill}
    train(trained / "data", tmp_path / "run", augment="spectrogram", **given)
    assert Bundle.open(tmp_path / "run").training["augment"]["spectrogram"]["fill"] == fill
    with pytest.raises(ParameterError, match="needs an `augment` recipe with masks"):
        train(trained / "data", tmp_path / "none", augment="none", **given)
    with pytest.raises(ParameterError, match="fill must be one of"):
        train(trained / "data", tmp_path / "none", augment="spectrogram", model="mlp", mask_fill="black")


def test_words_in_an_npz_are_heard_in_the_report_and_what_a_recipe_does_to_sound_is_left_out(tmp_path, rng):
    labels = np.array(["a", "b"] * 12)
    wav = 0.1 * rng.standard_normal((24, 1600)).astype(np.float32)
    wav[labels == "b"] += np.sin(np.arange(1600, dtype=np.float32))
    np.savez(tmp_path / "in.npz", wav_vals=wav, label_vals=labels)
    mel = FrontEnd(kind="mel", sr=8000, n_fft=256, hop_length=128, n_mels=40)
    import_npz(tmp_path / "in.npz", tmp_path / "mel", front_end=mel)
    train(tmp_path / "mel", tmp_path / "run", model="bcresnet", epochs=1)
    assert Bundle.open(tmp_path / "run").training["augment"]["waveform"] is None
    import_npz(tmp_path / "in.npz", tmp_path / "samples", front_end=FrontEnd(kind="waveform", sr=8000))
    train(tmp_path / "samples", tmp_path / "heard", model="wave", model_options={"width": 0.05}, epochs=1)
    assert "<audio" in (tmp_path / "heard" / "report.html").read_text(encoding="utf-8")


def test_file_names_that_tell_the_speaker_keep_one_on_one_side(tmp_path, rng):
    for label in ("yes", "no"):
        (tmp_path / "words" / label).mkdir(parents=True)
        for i in range(12):
            y = 0.1 * rng.standard_normal(4000)
            soundfile.write(tmp_path / "words" / label / f"0000000{i % 6}_nohash_{i}.wav", y, 8000)
    said = []
    train(tmp_path / "words", tmp_path / "run", model="mlp", epochs=1, reporter=Said(said))
    assert "file names contain the speaker" in said[0]
    assert Dataset.open(tmp_path / "run-dataset").counts["groups"] == 6


def test_what_was_imported_without_its_sound_cannot_be_changed_as_sound(trained, tmp_path):
    export_json(Dataset.open(trained / "data"), tmp_path / "classic.json")
    import_json(tmp_path / "classic.json", tmp_path / "data")
    with pytest.raises(ParameterError, match="imported without its waveforms"):
        train(tmp_path / "data", tmp_path / "run", model="mlp", epochs=1, augment="speech", split="segment")


def test_the_card_of_a_run_has_its_name_and_what_it_scored(trained):
    card = (trained / "run" / "README.md").read_text()
    assert card.startswith("# run\n")
    assert "sori predict run recording.wav" in card
    scores = json.loads((trained / "run" / "bundle.json").read_text())["scores"]
    assert f"accuracy {scores['accuracy']:.1%}" in card


def test_what_an_earlier_training_built_otherwise_is_replaced(trained, tmp_path):
    train(trained / "sounds", tmp_path / "run", model="mlp", epochs=1)
    (tmp_path / "run-dataset").rename(tmp_path / "next-dataset")  # of MFCCs; as if a training had failed after it
    train(trained / "sounds", tmp_path / "next", model="cnn", epochs=1)
    assert Dataset.open(tmp_path / "next-dataset").front_end.kind == "mel"


def test_a_report_plays_only_what_the_dataset_was_made_of(trained, tmp_path):
    """A dataset from others may say that its recordings are anywhere, as in a folder of private ones."""
    shutil.copytree(trained / "data", tmp_path / "data")
    private = tmp_path / "private"
    for file in (trained / "sounds").rglob("*.wav"):
        place = private / file.relative_to(trained / "sounds")
        place.parent.mkdir(parents=True, exist_ok=True)
        recording(place, tone(1000, sr=8000), 8000)
    described = json.loads((tmp_path / "data" / "_dataset.json").read_text())
    for source, plays in ((trained / "sounds", True), (private, False)):
        (tmp_path / "data" / "_dataset.json").write_text(json.dumps({**described, "source": str(source)}))
        train(tmp_path / "data", tmp_path / "run", model="mlp", epochs=1, overwrite=True)
        assert ("data:audio/mpeg" in (tmp_path / "run" / "report.html").read_text()) == plays


def test_the_split_that_folders_give_is_used(sounds, tmp_path):
    for part in ("train", "test"):
        sounds(recordings=5, name=f"all/{part}")
    said = []
    result = train(tmp_path / "all", tmp_path / "run", model="mlp", epochs=1, reporter=Said(said))
    assert any("are taken for the parts of a split" in line for line in said)
    assert result.scores["recordings"] == 10
    # The fixture makes the same tones in both folders, which is told.
    assert result.scores["leaky"]
    assert result.scores["split"].startswith("LEAKY: the data's own split")
    assert (
        train(tmp_path / "all", tmp_path / "run", model="mlp", epochs=1, overwrite=True, split="group")
        .scores["split"]
        .startswith("test ")
    )
