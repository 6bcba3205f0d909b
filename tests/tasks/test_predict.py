import pytest
import soundfile

from sori.datasets import Dataset
from sori.errors import AudioError, SoriError
from sori.tasks.predict import predict
from tests.conftest import tone


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
