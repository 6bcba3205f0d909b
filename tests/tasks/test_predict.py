import json
import shutil

import numpy as np
import pytest
import soundfile

from sori.bundle import Bundle
from sori.datasets import Dataset, build, export_json, import_json, read_catalog
from sori.errors import AudioError, BundleError, DatasetError, SoriError
from sori.features import FrontEnd, Preprocessor, Segmenting
from sori.tasks.evaluate import evaluate
from sori.tasks.predict import predict
from tests.conftest import FRONT_END, tone


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
    with pytest.raises(BundleError, match="unknown to the model: loud; missing: mid, 낮은 음"):
        evaluate(trained / "run", tmp_path / "data")


def test_predict_cuts_as_in_training_and_averages(trained, tmp_path):
    from sori.inference.classifier import Classifier

    classifier = Classifier(trained / "run")
    file = trained / "sounds" / "high" / "0-high_0.wav"
    data = Dataset.open(trained / "data").load()
    mine = data.x[data.recording == "high/0-high_0.wav"]
    assert len(mine) == 2
    expected = dict(zip(classifier.bundle.classes, classifier.predict_features(mine).mean(axis=0), strict=True))
    ((_, prediction),) = predict(trained / "run", [file])
    assert prediction.segments == 2
    assert dict(zip(prediction.classes, prediction.probabilities, strict=True)) == pytest.approx(expected, abs=1e-6)
    assert list(prediction.probabilities) == sorted(prediction.probabilities, reverse=True)
    y, sr = soundfile.read(file, dtype="float32")
    assert classifier.predict(y, sr=sr) == prediction


def test_predict_goes_on_past_bad_files_and_into_folders(trained, tmp_path):
    (tmp_path / "bad.wav").write_text("no sound")
    soundfile.write(tmp_path / "short.wav", tone(300, sr=8000, duration_s=0.1), 8000)
    good = trained / "sounds" / "mid"
    results = predict(trained / "run", [tmp_path / "bad.wav", good, tmp_path / "short.wav", tmp_path / "missing.wav"])
    assert len(results) == 1 + 13 + 2
    failed = {path.name: str(result) for path, result in results if isinstance(result, SoriError)}
    assert set(failed) == {"bad.wav", "0-empty.wav", "short.wav", "missing.wav"}
    assert "too short: 0.1 s" in failed["short.wav"]
    assert all(isinstance(result, AudioError) for _, result in results if isinstance(result, SoriError))


def test_predict_hears_another_rate(trained, tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(800 + 35, sr=44100), 44100)
    ((_, prediction),) = predict(trained / "run", [tmp_path / "a.wav"])
    assert prediction.classes[0] == "high"


def test_segments_of_any_other_shape_are_refused(trained):
    from sori.inference.classifier import Classifier

    with pytest.raises(SoriError, match=r"x must have shape \(n, \(32, 13\)\)"):
        Classifier(trained / "run").predict_features(np.zeros((1, 31, 13), dtype=np.float32))


def test_a_run_from_a_dataset_without_overlap_of_recordings_scores_all(trained, sounds, tmp_path):
    build(
        read_catalog(sounds(("high", "mid", "낮은 음"), name="other")),
        tmp_path / "data",
        preprocessor=Preprocessor(FRONT_END, Segmenting(duration_s=1, segments=2)),
    )
    scores = evaluate(trained / "run", tmp_path / "data")
    assert (scores["recordings"], scores["left_out"], scores["split"]) == (18, 0, "no recording was used in training")
    json.dumps(scores)


def test_a_clip_in_memory_is_held_to_the_same_as_a_file(trained):
    from sori.inference.classifier import Classifier

    classifier = Classifier(trained / "run")
    with pytest.raises(SoriError, match=r"floating-point samples.*Received int16"):
        classifier.predict(np.zeros(8000, dtype=np.int16), sr=8000)
    with pytest.raises(SoriError, match=r"of shape \(2, 8000\)"):
        classifier.predict(np.zeros((2, 8000), dtype=np.float32), sr=8000)
    with pytest.raises(AudioError, match="silent"):
        classifier.predict(np.zeros(8000, dtype=np.float32), sr=8000)
    with pytest.raises(AudioError, match="too short"):
        classifier.predict(np.ones(80, dtype=np.float32), sr=8000)


def test_imported_features_cannot_be_known_again(trained, tmp_path):
    export_json(Dataset.open(trained / "data"), tmp_path / "out.json")
    import_json(tmp_path / "out.json", tmp_path / "copy", front_end=FRONT_END, group_size=2)
    scores = evaluate(trained / "run", tmp_path / "copy")
    assert scores["split"] == "imported features: whether some were used in training cannot be known"
