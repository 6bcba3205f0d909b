import pytest

import sori
from sori.errors import AudioError, DatasetError, SoriError
from sori.features import Preprocessor, Segmenting
from sori.tasks.build import build
from tests.conftest import FRONT_END, Said


def test_settings_are_chosen_from_the_recordings_and_that_is_said(sounds, tmp_path):
    said = []
    dataset = build(sounds(), tmp_path / "data", reporter=Said(said))
    assert (dataset.front_end.kind, dataset.front_end.sr) == ("embedding", 16000)
    assert dataset.preprocessor.segmenting == Segmenting(duration_s=1.0, segments=1, pad=True)
    assert any("12 recordings of 2 classes" in line for line in said)
    assert any("embeddings of YAMNet" in line for line in said)


def test_settings_that_are_given_are_used_without_a_word(sounds, tmp_path):
    said = []
    wanted = Preprocessor(FRONT_END, Segmenting(duration_s=1, segments=2))
    dataset = build(str(sounds()), str(tmp_path / "data"), preprocessor=wanted, reporter=Said(said))
    assert dataset.preprocessor == wanted
    assert dataset.counts["segments"] == 24
    assert said == []


def test_groups_and_folds_are_read_from_names(sounds, tmp_path):
    wanted = Preprocessor(FRONT_END, Segmenting(duration_s=1, segments=1))
    given = {"preprocessor": wanted, "group_by": r"_(s\d)_", "fold_by": r"_s(\d)_"}
    dataset = build(sounds(), tmp_path / "data", **given)
    assert dataset.counts["groups"] == 3
    assert list(dataset.counts["folds"]) == ["0", "1", "2"]


def test_labels_may_come_from_a_table(sounds, tmp_path):
    root = sounds()
    rows = [f"{path.relative_to(root)},{i % 2}" for i, path in enumerate(sorted(root.rglob("*.wav")))]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label", *rows]) + "\n")
    dataset = build(root, tmp_path / "data", labels=tmp_path / "labels.csv")
    assert {name: one["recordings"] for name, one in dataset.counts["per_class"].items()} == {"0": 6, "1": 6}


def test_what_is_there_is_kept_unless_it_may_be_replaced(sounds, tmp_path):
    root = sounds()
    first = build(root, tmp_path / "data").fingerprint
    with pytest.raises(DatasetError, match="there already"):
        build(root, tmp_path / "data")
    wanted = Preprocessor(FRONT_END, Segmenting(duration_s=1, segments=2))
    assert build(root, tmp_path / "data", preprocessor=wanted, overwrite=True).fingerprint != first


def test_too_many_bad_recordings_are_an_error(sounds, tmp_path):
    root = sounds()
    (root / "low" / "bad.wav").write_text("no sound")
    with pytest.raises(SoriError, match=r"max_bad"):
        build(root, tmp_path / "data", max_bad=0.0)
    assert not (tmp_path / "data").exists()


def test_it_is_what_sori_build_is(tmp_path):
    assert sori.build is build
    with pytest.raises((DatasetError, AudioError)):
        build(tmp_path / "nowhere", tmp_path / "data")
