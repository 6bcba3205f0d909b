import shutil

import numpy as np
import pytest

from sori import audio
from sori.datasets import Dataset, read_catalog
from sori.errors import DatasetError, ParameterError
from sori.evaluation.answers import Answer
from sori.inference.spotter import Spotter
from sori.tasks.train import train
from sori.training import TrainingOptions
from sori.training.own_word import PREPROCESSOR, SHIPPED, UNKNOWN, Unknown, build_own_word, found
from tests.conftest import REAL, Said, needs_package, needs_real

SR = 16000


@pytest.fixture
def embedded(monkeypatch):
    """Embeddings that take no time and no package: the levels of a clip."""

    def levels(self, y):
        parts = np.abs(np.atleast_2d(y)[:, : 6 * 2640]).reshape(-1, 6, 2640).mean(axis=2)
        x = np.repeat(parts[:, :, np.newaxis], 96, axis=2).astype(np.float32)
        return x if np.ndim(y) == 2 else x[0]

    monkeypatch.setattr("sori.features.Embedding.__call__", levels)


def word(folder, name, *, at_s=0.7, word_s=0.4, length_s=1.5, hum=0.0):
    """Write a recording with a tone in it, and hum all along."""
    folder.mkdir(parents=True, exist_ok=True)
    y = hum * np.ones(round(length_s * SR), dtype=np.float32)
    begin = round(at_s * SR)
    y[begin : begin + round(word_s * SR)] += audio.tone(300, sr=SR, duration_s=word_s, amplitude=0.3)
    audio.save(folder / name, y, sr=SR)


def built(source, path, **given):
    return build_own_word(
        read_catalog(source), path, **{"maker": "test", "overwrite": False, "seed": 0, "reporter": Said(), **given}
    )


def test_others_are_many_and_of_many_sources(tmp_path):
    shipped = Unknown.open()
    assert shipped.x.shape == (5224, *PREPROCESSOR.shape)
    assert len(set(shipped.names)) == len(shipped.groups) == 5224
    assert len(set(shipped.groups)) > 1000
    assert SHIPPED.stat().st_size < 3e6
    shipped.write(tmp_path / "again.npz")
    np.testing.assert_array_equal(Unknown.open(tmp_path / "again.npz").x, shipped.x)
    (tmp_path / "again.npz").write_bytes(b"PK")
    with pytest.raises(DatasetError, match="install Sori again"):
        Unknown.open(tmp_path / "again.npz")


@pytest.mark.usefixtures("embedded")
def test_a_second_about_the_middle_of_the_word_is_used(tmp_path):
    for i in range(6):
        word(tmp_path / "mine" / "소리야", f"{i}.wav", at_s=3.0, length_s=6.0, hum=0.02)
    dataset = built(tmp_path / "mine", tmp_path / "data")
    assert dataset.classes == ("unknown", "소리야")
    assert dataset.counts["per_class"]["소리야"] == {"recordings": 6, "segments": 60}
    assert dataset.counts["per_class"][UNKNOWN]["recordings"] == 5224
    segments = dataset.load()
    of_word = segments.start_s[segments.label == 1][:10]
    np.testing.assert_allclose(of_word[::2], 3.2 - 0.5 + np.array([-0.2, -0.1, 0, 0.1, 0.2]), atol=0.05)
    np.testing.assert_array_equal(of_word[::2], of_word[1::2])  # as it is, and in noise
    levels = segments.x[segments.label == 1]
    assert (levels[1::2, 0].mean(axis=1) > levels[::2, 0].mean(axis=1)).mean() > 0.7
    again = built(tmp_path / "mine", tmp_path / "data")
    assert again.fingerprint == dataset.fingerprint
    with pytest.raises(DatasetError, match="was not made by other"):
        built(tmp_path / "mine", tmp_path / "data", maker="other")


@pytest.mark.usefixtures("embedded")
def test_recordings_without_a_word_are_listed_and_the_others_used(tmp_path):
    for i in range(5):
        word(tmp_path / "mine" / "ok", f"{i}.wav")
    word(tmp_path / "mine" / "ok", "long.wav", word_s=2.0, length_s=4.0)
    audio.save(tmp_path / "mine" / "ok" / "silent.wav", np.zeros(SR, dtype=np.float32), sr=SR)
    (tmp_path / "mine" / "ok" / "broken.wav").write_bytes(b"RIFF")
    word(tmp_path / "mine" / UNKNOWN, "other.wav")
    dataset = built(tmp_path / "mine", tmp_path / "data")
    assert [(one["file"], one["reason"][:28]) for one in dataset.files["dropped"]] == [
        ("ok/long.wav", "what is spoken takes 1.9 s; "),
        ("ok/silent.wav", "is silent"),
    ]
    assert [one["file"] for one in dataset.files["failed"]] == ["ok/broken.wav"]
    assert dataset.counts["per_class"][UNKNOWN]["recordings"] == 5225
    (tmp_path / "mine" / "ok" / "0.wav").unlink()
    with pytest.raises(DatasetError, match=r"ok has 4 usable recordings \(ok/long\.wav: .*better 10 to 30 times"):
        built(tmp_path / "mine", tmp_path / "other")
    shutil.rmtree(tmp_path / "mine" / "ok")
    with pytest.raises(DatasetError, match="there is no word"):
        built(tmp_path / "mine", tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.usefixtures("embedded")
def test_the_same_word_by_others_is_not_unknown(tmp_path):
    for name in ("Seven", "left"):
        for i in range(5):
            word(tmp_path / "mine" / name, f"{i}.wav")
    names = [one["file"] for one in built(tmp_path / "mine", tmp_path / "data").files["used"]]
    assert not any("/seven_" in name or "Sori/left/" in name for name in names)
    assert any("/marvin_" in name for name in names)
    assert 4500 < len(names) < 5224


@pytest.mark.usefixtures("embedded")
def test_hiss_is_no_word_and_a_click_moves_none(tmp_path, rng):
    for i in range(5):
        word(tmp_path / "mine" / "hey", f"{i}.wav", at_s=1.5, length_s=2.5)
        y, _ = audio.load(tmp_path / "mine" / "hey" / f"{i}.wav", sr=SR)
        y[800:1120] = 0.9
        audio.save(tmp_path / "mine" / "hey" / f"{i}.wav", y, sr=SR)
    hiss = 0.002 * rng.standard_normal(SR).astype(np.float32)
    audio.save(tmp_path / "mine" / "hey" / "hiss.wav", hiss, sr=SR)
    word(tmp_path / "mine" / UNKNOWN, "jingle.wav", word_s=3.0, length_s=5.0)
    dataset = built(tmp_path / "mine", tmp_path / "data")
    assert [one["file"] for one in dataset.files["dropped"]] == ["hey/hiss.wav"]
    segments = dataset.load()
    starts = segments.start_s[segments.recording == "hey/0.wav"]
    np.testing.assert_allclose(starts[4], 1.7 - 0.5, atol=0.05)
    assert (segments.recording == "unknown/jingle.wav").sum() == 2 * 5
    assert not dataset.has_sound


@pytest.mark.usefixtures("embedded")
@pytest.mark.parametrize("name", ["silence", "Unknown"])
def test_names_that_are_no_words_are_refused(tmp_path, name):
    for i in range(5):
        word(tmp_path / "mine" / name, f"{i}.wav")
    with pytest.raises(DatasetError, match="a word cannot be called"):
        built(tmp_path / "mine", tmp_path / "data")


def test_what_was_found_is_counted_for_each_word():
    answers = [Answer("1", "1", "yes", "yes", 0.9), Answer("2", "2", "yes", "unknown", 0.9)]
    answers += [Answer(str(i), str(i), "unknown", "yes" if i == 3 else "unknown", 0.9) for i in range(3, 13)]
    assert found(answers) == ["yes: found in 1 of 2 test recordings; 1 of 10 others were taken for it"]


def test_options_of_other_features_do_not_go_with_it():
    for given in ({"model": "cnn"}, {"embedding": "sounds"}, {"fold_by": "x"}, {"folds": True}, {"split": "fold"}):
        with pytest.raises(ParameterError, match="`own_word` is heard by its speech embedding"):
            TrainingOptions(own_word=True, **given)
    with pytest.raises(ParameterError, match="`epochs`"):
        TrainingOptions(own_word=True, epochs=5)


@needs_real
@needs_package("openwakeword")
def test_a_word_is_found_among_others_by_the_same_voice(tmp_path):
    def said(digit, which):
        files = [REAL / "spoken_digits" / f"{digit}_jackson_{i}.wav" for i in which]
        return [file if file.exists() else next((REAL / "spoken_digits").rglob(file.name)) for file in files]

    (tmp_path / "mine" / "seven").mkdir(parents=True)
    for file in said(7, range(15)):
        shutil.copy(file, tmp_path / "mine" / "seven")
    lines = Said()
    result = train(tmp_path / "mine", tmp_path / "run", own_word=True, reporter=lines)
    assert any(line.startswith("seven: found in 4 of 4 test recordings") for line in lines.said)
    assert result.notes[-1].startswith("seven: found in 4 of 4")
    assert Dataset.open(tmp_path / "run-dataset").classes == ("seven", "unknown")
    heard = {}
    for name, files in {"own": said(7, range(20, 26)), "other": [f for d in range(7) for f in said(d, (1,))]}.items():
        clips = [audio.load(file, sr=SR)[0] for file in files]
        y = np.concatenate([np.pad(clip / np.abs(clip).max() * 0.3, SR) for clip in clips])
        spotter = Spotter(tmp_path / "run")
        heard[name] = [*spotter(y.astype(np.float32)), *spotter.finish()]
    assert {event.label for event in heard["own"]} == {"seven"}
    assert 6 <= len(heard["own"]) <= 7
    assert len(heard["other"]) <= 1
