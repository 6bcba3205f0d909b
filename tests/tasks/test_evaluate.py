import json
import shutil

import pytest

from sori.bundle import Bundle
from sori.datasets import Dataset, build, export_json, import_json, read_catalog
from sori.errors import BundleError, DatasetError, ParameterError
from sori.features import FrontEnd, Preprocessor, Segmenting
from sori.tasks.evaluate import evaluate
from tests.conftest import FRONT_END, Said


def test_evaluate_leaves_out_what_was_heard_in_training(trained):
    scores = evaluate(trained / "run", trained / "data")
    reported = Bundle.open(trained / "run").scores
    assert scores["left_out"] == 36 - reported["recordings"]
    for name in ("accuracy", "recordings", "confusion", "segment_accuracy"):
        assert scores[name] == reported[name]
    flattering = evaluate(trained / "run", trained / "data", include_training=True)
    assert (flattering["recordings"], flattering["leaky"]) == (36, True)
    assert "LEAKY" in flattering["split"]


def test_evaluate_knows_a_recording_under_another_name(trained, tmp_path):
    digests = set(Bundle.open(trained / "run").parts()["train"])
    dataset = Dataset.open(trained / "data")
    for file, digest in dataset.digests().items():
        if digest in digests:
            (tmp_path / "in" / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(trained / "sounds" / file, (tmp_path / "in" / file).with_name(f"renamed{digest}.wav"))
    build(
        read_catalog(tmp_path / "in"),
        tmp_path / "same",
        preprocessor=Preprocessor(FRONT_END, Segmenting(duration_s=1, segments=2)),
    )
    with pytest.raises(DatasetError, match="was trained on every recording in it"):
        evaluate(trained / "run", tmp_path / "same")


@pytest.mark.parametrize(
    ("front_end", "segments", "message"),
    [
        (FrontEnd(kind="mfcc", sr=8000, n_fft=512, hop_length=128, n_mels=64), 2, "n_mels: 64, not 40$"),
        (FrontEnd(kind="mel", sr=8000, n_fft=512, hop_length=128, n_mels=40), 2, "kind: mel, not mfcc"),
        (FRONT_END, 1, r"segments of \(63, 13\) \(frames, bins\), not \(32, 13\)"),
    ],
)
def test_evaluate_names_what_does_not_fit(trained, tmp_path, front_end, segments, message):
    catalog = read_catalog(trained / "sounds")
    build(catalog, tmp_path / "data", preprocessor=Preprocessor(front_end, Segmenting(duration_s=1, segments=segments)))
    with pytest.raises(BundleError, match=message):
        evaluate(trained / "run", tmp_path / "data")


def test_evaluate_names_classes_that_differ(trained, sounds, tmp_path):
    build(
        read_catalog(sounds(("high", "loud"))),
        tmp_path / "data",
        preprocessor=Preprocessor(FRONT_END, Segmenting(duration_s=1, segments=2)),
    )
    with pytest.raises(BundleError, match="unknown to the model: loud; it knows high, mid, 낮은 음"):
        evaluate(trained / "run", tmp_path / "data")


def test_a_run_from_a_dataset_without_overlap_of_recordings_scores_all(trained, sounds, tmp_path):
    build(
        read_catalog(sounds(("high", "mid", "낮은 음"), name="other")),
        tmp_path / "data",
        preprocessor=Preprocessor(FRONT_END, Segmenting(duration_s=1, segments=2)),
    )
    scores = evaluate(trained / "run", tmp_path / "data")
    assert (scores["recordings"], scores["left_out"], scores["split"]) == (18, 0, "no recording was used in training")
    json.dumps(scores)


def test_a_folder_of_recordings_with_some_of_the_classes_is_scored_too(trained, tmp_path):
    folder = tmp_path / "other"
    shutil.copytree(trained / "sounds", folder)
    shutil.rmtree(folder / "mid")
    build(
        read_catalog(folder),
        tmp_path / "data",
        preprocessor=Preprocessor(FRONT_END, Segmenting(duration_s=1, segments=2)),
    )
    (folder / "high" / "bad.wav").write_text("x")
    said = []
    scores = evaluate(trained / "run", folder, include_training=True, reporter=Said(said))
    assert scores == evaluate(trained / "run", tmp_path / "data", include_training=True)
    assert scores["recordings"] == 24
    assert scores["per_class"]["mid"]["recordings"] == 0
    assert scores["accuracy"] > 0.8  # classes are known by their names, not by their places
    assert any("bad.wav" in line for line in said)
    assert sorted(path.name for path in folder.iterdir()) == ["high", "낮은 음"]
    with pytest.raises(ParameterError, match="has its groups already"):
        evaluate(trained / "run", tmp_path / "data", group_by="(.)")
    with pytest.raises(DatasetError):
        evaluate(trained / "run", tmp_path / "missing")


def test_imported_features_cannot_be_known_again(trained, tmp_path):
    export_json(Dataset.open(trained / "data"), tmp_path / "out.json")
    import_json(tmp_path / "out.json", tmp_path / "copy", front_end=FRONT_END, group_size=2)
    scores = evaluate(trained / "run", tmp_path / "copy")
    assert scores["split"] == "imported features: it is not known whether some were used in training"
