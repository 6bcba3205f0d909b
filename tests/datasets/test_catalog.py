import os
import unicodedata

import pytest

from sori.datasets import read_catalog
from sori.errors import DatasetError, ParameterError


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")


def test_first_level_folders_are_the_classes(tmp_path):
    for name in (
        "zebra/1.wav",
        "ant/deep/er/2.FLAC",
        "ant/1.mp3",
        "ant/notes.txt",
        "loose.wav",
        "README.md",
        ".hidden/3.wav",
    ):
        touch(tmp_path / name)
    catalog = read_catalog(tmp_path)
    assert [(r.label, r.file, r.group) for r in catalog.recordings] == [
        ("ant", "ant/1.mp3", "ant/1.mp3"),
        ("ant", "ant/deep/er/2.FLAC", "ant/deep/er/2.FLAC"),
        ("zebra", "zebra/1.wav", "zebra/1.wav"),
    ]
    assert catalog.classes == ["ant", "zebra"]
    assert catalog.ignored == ("README.md", "ant/notes.txt")
    assert catalog.dropped == (("loose.wav", "not in a class folder"),)


def test_the_order_files_were_made_in_does_not_matter(tmp_path):
    names = [f"{label}/{i}.wav" for label in "cab" for i in range(3)]
    for root, order in ((tmp_path / "one", names), (tmp_path / "two", names[::-1])):
        for name in order:
            touch(root / name)
    assert read_catalog(tmp_path / "one").recordings == read_catalog(tmp_path / "two").recordings


def test_korean_names_are_composed_and_spaces_kept(tmp_path):
    touch(tmp_path / unicodedata.normalize("NFD", "강아지") / "멍 멍.wav")
    touch(tmp_path / "고양이" / "야옹.wav")
    catalog = read_catalog(tmp_path)
    assert catalog.classes == ["강아지", "고양이"]
    assert all((tmp_path / r.file).is_file() for r in catalog.recordings)


def test_links_are_followed_but_not_in_circles(tmp_path):
    touch(tmp_path / "elsewhere" / "b.wav")
    touch(tmp_path / "root" / "dog" / "a.wav")
    (tmp_path / "root" / "dog" / "round").symlink_to(tmp_path / "root")
    (tmp_path / "root" / "dog" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "root" / "dog" / "self.wav").symlink_to(tmp_path / "root" / "dog" / "self.wav")
    catalog = read_catalog(tmp_path / "root")
    assert [r.file for r in catalog.recordings] == ["dog/a.wav", "dog/more/b.wav", "dog/self.wav"]


def test_a_name_that_is_not_text_is_dropped(tmp_path):
    touch(tmp_path / "dog" / "a.wav")
    (tmp_path / "dog").joinpath(os.fsdecode(b"\xff.wav")).write_bytes(b"x")
    assert read_catalog(tmp_path).dropped == (("dog/\ufffd.wav", "the file name is not valid UTF-8"),)


def test_groups_and_folds_from_the_stem(tmp_path):
    for name in ("0/0_theo_12.wav", "1/1_ann_3.wav", "1/odd.wav"):
        touch(tmp_path / name)
    catalog = read_catalog(tmp_path, group_by=r"_(\w+)_\d+$")
    assert [r.group for r in catalog.recordings] == ["theo", "ann", "1/odd.wav"]
    assert catalog.notes == (
        "`group_by` does not match 1 of 3 file names (such as 1/odd.wav): each of those is a group of its own",
    )
    with pytest.raises(ParameterError, match=r"`fold_by` must match every file name.*'1/odd\.wav'"):
        read_catalog(tmp_path, fold_by=r"^(\d)")
    with pytest.raises(ParameterError, match=r"`group_by` must match file names such as '0_theo_12'.*matches none"):
        read_catalog(tmp_path, group_by="speaker(.*)")
    with pytest.raises(ParameterError, match="must be a regular expression"):
        read_catalog(tmp_path, group_by="(")


def test_a_csv_names_everything(tmp_path):
    (tmp_path / "list.csv").write_text(
        "\ufefffile,label,group,fold,more\nb.wav,dog,g1,1,x\na b.wav,cat,,2,\n", encoding="utf-8"
    )
    catalog = read_catalog(tmp_path / "list.csv")
    assert [(r.label, r.file, r.group, r.fold) for r in catalog.recordings] == [
        ("cat", "a b.wav", "a b.wav", "2"),
        ("dog", "b.wav", "g1", "1"),
    ]


def test_labels_for_a_folder(tmp_path):
    for name in ("a.wav", "sub/b.wav", "c.wav"):
        touch(tmp_path / "sounds" / name)
    (tmp_path / "labels.csv").write_text("file,label\na.wav,dog\nsub/b.wav,cat\n")
    catalog = read_catalog(tmp_path / "sounds", labels=tmp_path / "labels.csv")
    assert [(r.file, r.label) for r in catalog.recordings] == [("sub/b.wav", "cat"), ("a.wav", "dog")]
    assert catalog.dropped == (("c.wav", "not listed in labels.csv"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,label\na.wav,dog\n", r"needs the columns file,label\[,group,fold\]; has name,label"),
        ("", "has none"),
        ("file,label\na.wav,\n", r":2: a line needs both file and label"),
        ("file,label\na.wav,dog\na.wav,cat\n", r":3: a\.wav is listed twice"),
        ("file,label\n", "no recordings found"),
    ],
)
def test_wrong_csv_files_are_told_apart(tmp_path, text, message):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_catalog(tmp_path / "list.csv")


def test_what_is_no_source_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="no such folder or CSV file"):
        read_catalog(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="it holds no audio file"):
        read_catalog(tmp_path)
    touch(tmp_path / "x.wav")
    with pytest.raises(DatasetError, match="recordings must be in one folder per class"):
        read_catalog(tmp_path)
    with pytest.raises(DatasetError, match="must be a folder of class folders, or a CSV file"):
        read_catalog(tmp_path / "x.wav")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="not readable as text in UTF-8, UTF-16 or CP949"):
        read_catalog(tmp_path / "binary.csv")


def test_a_list_may_spell_a_path_its_own_way(tmp_path):
    touch(tmp_path / "sounds" / "a" / unicodedata.normalize("NFD", "멍.wav"))
    touch(tmp_path / "sounds" / "a" / "b.wav")
    (tmp_path / "l.csv").write_text("file,label\n./a/멍.wav,dog\na//b.wav,cat\n", encoding="utf-8")
    catalog = read_catalog(tmp_path / "sounds", labels=tmp_path / "l.csv")
    assert catalog.dropped == ()
    assert all((tmp_path / "sounds" / r.file).is_file() for r in catalog.recordings)


def labels_of(catalog):
    return {recording.file: (recording.label, recording.fold) for recording in catalog.recordings}


def test_the_parts_of_a_split_are_not_classes(tmp_path):
    for part in ("train", "Validation", "test"):
        for label in ("dog", "cat"):
            touch(tmp_path / part / label / f"{part}.wav")
    catalog = read_catalog(tmp_path)
    assert catalog.classes == ["cat", "dog"]
    assert labels_of(catalog)["Validation/dog/Validation.wav"] == ("dog", "valid")
    assert labels_of(catalog)["train/cat/train.wav"] == ("cat", "train")
    (note,) = catalog.notes
    assert note.startswith("Validation, test, train are taken for the parts of a split, not for classes")


def test_folds_above_classes_are_folds(tmp_path):
    for fold in ("fold1", "fold2", "fold10"):
        touch(tmp_path / fold / "dog" / "a.wav")
        touch(tmp_path / fold / "cat" / "a.wav")
    catalog = read_catalog(tmp_path)
    assert catalog.classes == ["cat", "dog"]
    assert sorted({recording.fold for recording in catalog.recordings}) == ["1", "10", "2"]


@pytest.mark.parametrize("names", [("fold1", "fold2"), ("train", "test")])
def test_what_looks_like_folds_without_classes_is_asked_about(tmp_path, names):
    for name in names:
        touch(tmp_path / name / "100-0-0-1.wav")
    catalog = read_catalog(tmp_path)
    assert catalog.classes == sorted(names)
    (note,) = catalog.notes
    assert "are taken for classes; if they are " in note
    assert "give a CSV with the columns file, label and fold" in note


@pytest.mark.parametrize("names", [("train", "bus"), ("train", "training"), ("fold1", "other"), ("test",)])
def test_classes_that_are_called_like_parts_are_classes(tmp_path, names):
    for name in names:
        touch(tmp_path / name / "sub" / "a.wav")
    catalog = read_catalog(tmp_path)
    assert catalog.classes == sorted(names)
    assert catalog.notes == ()


def test_background_noise_is_not_a_class(tmp_path):
    for name in ("yes/a.wav", "no/a.wav", "_background_noise_/tap.wav"):
        touch(tmp_path / name)
    catalog = read_catalog(tmp_path)
    assert catalog.classes == ["no", "yes"]
    assert catalog.ignored == ("_background_noise_/tap.wav",)
    assert "`background=" in catalog.notes[0]


def test_a_class_of_two_labels_is_noticed(tmp_path):
    for name in ("rain/a.wav", "dog/a.wav", "rain,dog/a.wav", "salt, pepper/a.wav"):
        touch(tmp_path / name)
    (note,) = read_catalog(tmp_path).notes
    assert note.startswith("the class 'rain,dog' seems to be 2 labels")


def test_a_table_from_another_computer(tmp_path):
    for name in ("audio/fold1/a.wav", "audio/fold2/b.wav"):
        touch(tmp_path / name)
    (tmp_path / "list.csv").write_bytes("filename;category;fold\nD:\\data\\a.wav;개;1\nb.wav;cat;2\n".encode("cp949"))
    catalog = read_catalog(tmp_path / "list.csv")
    assert labels_of(catalog) == {"audio/fold1/a.wav": ("개", "1"), "audio/fold2/b.wav": ("cat", "2")}
    assert [note.split(" ")[0] for note in catalog.notes] == ["list.csv", "columns", "2"]
    (tmp_path / "list.csv").write_text("file,label\nx/a.wav,dog\na.wav,cat\n")
    with pytest.raises(DatasetError, match=r"list\.csv:3: a\.wav and x/a\.wav are the same file"):
        read_catalog(tmp_path / "list.csv")
    with pytest.raises(ParameterError, match="`columns` is for a table"):
        read_catalog(tmp_path, columns={"file": "name"})
