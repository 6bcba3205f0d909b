import json

import numpy as np
import pytest

from sori.datasets import Dataset, build, export_json, import_json, import_npz, read_catalog
from sori.errors import DatasetError, ParameterError
from sori.features import FrontEnd, Preprocessor, Segmenting

MFCC = FrontEnd(kind="mfcc", sr=8000, n_fft=512, hop_length=128, n_mels=40)


@pytest.fixture
def dataset(sounds, tmp_path):
    catalog = read_catalog(sounds(("나", "가")))
    return build(catalog, tmp_path / "data", preprocessor=Preprocessor(MFCC, Segmenting(duration_s=1, segments=2)))


def test_classic_json_is_what_json_dump_writes(dataset, tmp_path):
    export_json(dataset, tmp_path / "out.json")
    text = (tmp_path / "out.json").read_text(encoding="utf-8")
    values = json.loads(text)
    assert list(values) == ["mapping", "labels", "mfcc"]
    assert values["mapping"] == ["가", "나"]
    data = dataset.load()
    assert values["labels"] == data.label.tolist()
    np.testing.assert_array_equal(np.array(values["mfcc"], dtype=np.float32), data.x)
    layout = json.dumps(values, indent=4, ensure_ascii=False)
    assert [len(line) - len(line.lstrip()) for line in text.splitlines()] == [
        len(line) - len(line.lstrip()) for line in layout.splitlines()
    ]


def test_there_and_back(dataset, tmp_path):
    export_json(dataset, tmp_path / "out.json")
    again = import_json(tmp_path / "out.json", tmp_path / "again", front_end=MFCC, group_size=2)
    before, after = dataset.load(), again.load()
    np.testing.assert_array_equal(after.x, before.x)
    np.testing.assert_array_equal(after.label, before.label)
    assert (again.front_end, again.counts["recordings"]) == (MFCC, 12)
    unknown = import_json(tmp_path / "out.json", tmp_path / "unknown")
    assert unknown.front_end is None
    assert set(unknown.load().group) == {""}


def test_only_mfccs_become_classic_json(sounds, tmp_path):
    front_end = FrontEnd(kind="mel", sr=8000, n_mels=20)
    mel = build(
        read_catalog(sounds()),
        tmp_path / "mel",
        preprocessor=Preprocessor(front_end, Segmenting(duration_s=1, segments=1)),
    )
    with pytest.raises(DatasetError, match="holds mel features"):
        export_json(mel, tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("not json", "not readable as JSON"),
        ({"mapping": [], "labels": []}, "'mfcc' is missing"),
        ({"mapping": ["a"], "labels": [0], "mfcc": [[[1.0], [2.0, 3.0]]]}, "must all have the same"),
        ({"mapping": ["a"], "labels": [0, 0], "mfcc": [[[1.0]]]}, "needs one label per segment"),
        ({"mapping": ["a"], "labels": [1], "mfcc": [[[1.0]]]}, "label 1 is outside mapping"),
        ({"mapping": [], "labels": [], "mfcc": []}, "needs one label per segment"),
        ([1, 2], "a classic JSON has mapping, labels and mfcc"),
    ],
)
def test_what_is_no_classic_json_is_refused(tmp_path, values, message):
    (tmp_path / "in.json").write_text(values if isinstance(values, str) else json.dumps(values))
    with pytest.raises(DatasetError, match=message):
        import_json(tmp_path / "in.json", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_npz_of_words(tmp_path, rng):
    wav = rng.uniform(-1, 1, (6, 800)).astype(np.float32)
    labels = np.array(["yes", "no", "yes", "up", "no", "up"])[:, np.newaxis]
    np.savez(tmp_path / "words.npz", wav_vals=wav, label_vals=labels)
    waveform = FrontEnd(kind="waveform", sr=8000)
    data = import_npz(tmp_path / "words.npz", tmp_path / "sorted", front_end=waveform).load()
    assert data.label.tolist() == [2, 0, 2, 1, 0, 1]
    np.testing.assert_array_equal(data.x[:, :, 0], wav)
    given = import_npz(tmp_path / "words.npz", tmp_path / "given", front_end=MFCC, classes=["yes", "no", "up"])
    assert given.classes == ("yes", "no", "up")
    assert given.load().label.tolist() == [0, 1, 0, 2, 1, 2]
    assert given.shape == MFCC.shape(800)
    assert len(set(given.load().group)) == 6
    with pytest.raises(DatasetError, match="is there already"):
        import_npz(tmp_path / "words.npz", tmp_path / "given", front_end=MFCC)
    with pytest.raises(DatasetError, match="label 'up' is not among the classes given"):
        import_npz(tmp_path / "words.npz", tmp_path / "x", front_end=MFCC, classes=["yes", "no"])


def test_an_npz_may_say_what_belongs_together(tmp_path, rng):
    words = {"wav_vals": rng.uniform(-1, 1, (4, 800)).astype(np.float32), "label_vals": np.array(["a", "b"] * 2)}
    for group in (np.array(["민", "준", "준", "민"])[:, np.newaxis], np.array([7, 8, 8, 7])):
        np.savez(tmp_path / "in.npz", **words, group_vals=group)
        out = tmp_path / group.dtype.kind
        data = import_npz(tmp_path / "in.npz", out, front_end=FrontEnd(kind="waveform", sr=8000))
        assert data.load().group.tolist() == [str(name) for name in group.reshape(-1)]
        assert (data.counts["groups"], data.counts["recordings"]) == (2, 4)
    np.savez(tmp_path / "in.npz", **words, group_vals=np.array(["a"]))
    with pytest.raises(DatasetError, match="group_vals must be strings or whole numbers, one per clip"):
        import_npz(tmp_path / "in.npz", tmp_path / "x", front_end=FrontEnd(kind="waveform", sr=8000))


def test_whole_numbers_become_full_scale(tmp_path):
    np.savez(tmp_path / "a.npz", wav_vals=np.full((2, 10), 32767, dtype=np.int16), label_vals=np.array(["a", "b"]))
    data = import_npz(tmp_path / "a.npz", tmp_path / "out", front_end=FrontEnd(kind="waveform", sr=8000)).load()
    np.testing.assert_allclose(data.x, 32767 / 32768)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros(3)}, "label_vals and wav_vals missing, it has x"),
        ({"wav_vals": np.zeros((2, 5)), "label_vals": np.array(["a"])}, "as many labels"),
        ({"wav_vals": np.zeros(5), "label_vals": np.array(["a"] * 5)}, "as many labels"),
        ({"wav_vals": np.zeros((1, 5)), "label_vals": np.array(["a"], dtype=object)}, "holds pickled objects"),
        ({"wav_vals": np.full((1, 5), np.nan), "label_vals": np.array(["a"])}, "must be finite"),
    ],
)
def test_what_is_no_such_npz_is_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "in.npz", **arrays)
    with pytest.raises(DatasetError, match=message):
        import_npz(tmp_path / "in.npz", tmp_path / "out", front_end=FrontEnd(kind="waveform", sr=8000))
    assert not (tmp_path / "out").exists()
    (tmp_path / "in.npz").write_bytes(b"PK nonsense")
    with pytest.raises(DatasetError, match=r"not readable as npz|pickled"):
        import_npz(tmp_path / "in.npz", tmp_path / "out", front_end=MFCC)


def test_a_group_size_is_a_count(dataset, tmp_path):
    export_json(dataset, tmp_path / "out.json")
    with pytest.raises(ParameterError, match="group_size"):
        import_json(tmp_path / "out.json", tmp_path / "again", group_size=0)
    assert Dataset.open(dataset.path) == dataset


def test_a_recording_is_never_torn_in_two(tmp_path):
    values = {"mapping": ["a", "b"], "labels": [0] * 5 + [1] * 6, "mfcc": [[[0.0]]] * 11}
    (tmp_path / "in.json").write_text(json.dumps(values))
    with pytest.raises(DatasetError, match="5 segments of a in a row are not a multiple of `group_size` 3"):
        import_json(tmp_path / "in.json", tmp_path / "out", group_size=3)
    values["labels"], values["mfcc"] = [*values["labels"], 0], [[[float(i)]] for i in range(12)]
    (tmp_path / "in.json").write_text(json.dumps(values))
    data = import_json(tmp_path / "in.json", tmp_path / "out", group_size=1).load()
    assert len(set(data.group)) == 12


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mapping": ["a"], "labels": [[0], [0]], "mfcc": [[[0.0]]] * 2}, "labels must be whole numbers"),
        ({"mapping": ["a", "b"], "labels": [0.9, 1.9], "mfcc": [[[0.0]]] * 2}, "labels must be whole numbers"),
        ({"mapping": {"a": 0}, "labels": [0], "mfcc": [[[0.0]]]}, "mapping must be a list"),
        ({"mapping": None, "labels": [0], "mfcc": [[[0.0]]]}, "mapping must be a list"),
        ({"mapping": ["a"], "labels": [2**63], "mfcc": [[[0.0]]]}, "outside mapping|whole numbers"),
    ],
)
def test_labels_of_another_kind_are_refused(tmp_path, values, message):
    (tmp_path / "in.json").write_text(json.dumps(values))
    with pytest.raises(DatasetError, match=message):
        import_json(tmp_path / "in.json", tmp_path / "out")


def test_npz_in_other_clothes(tmp_path):
    waveform = FrontEnd(kind="waveform", sr=8000)
    np.savez(tmp_path / "a.npz", wav_vals=np.full((2, 9), 128, dtype=np.uint8), label_vals=np.array([b"no", b"yes"]))
    dataset = import_npz(tmp_path / "a.npz", tmp_path / "out", front_end=waveform)
    assert dataset.classes == ("no", "yes")
    np.testing.assert_array_equal(dataset.load().x, 0)
    whole = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with (tmp_path / "array.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    np.savez(tmp_path / "text.npz", wav_vals=np.array([["a", "b"]]), label_vals=np.array(["x"]))
    np.savez(tmp_path / "ids.npz", wav_vals=np.zeros((1, 9)), label_vals=np.array([3]))
    for name in ("cut", "array", "text", "ids"):
        with pytest.raises(DatasetError, match=rf"{name}\.npz: "):
            import_npz(tmp_path / f"{name}.npz", tmp_path / "no", front_end=waveform)
