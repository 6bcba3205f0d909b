"""Walking, and files that are written completely or not at all."""

import io
import os
import time
import zipfile

import numpy as np
import pytest

from sori.folders import (
    all_or_none,
    as_json,
    building_folder,
    made_by,
    read_floats,
    read_json,
    read_npz,
    remove,
    replacing_file,
    short,
    temporaries,
    walk,
    write_floats,
    write_json,
)


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError), replacing_file(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "before"
    with replacing_file(path) as temporary:
        temporary.write_text("after")
    assert path.read_text() == "after"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_link_stays_one_and_its_file_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a.txt").write_text("before")
    (tmp_path / "link.txt").symlink_to(tmp_path / "there" / "a.txt")
    with replacing_file(tmp_path / "link.txt") as temporary:
        temporary.write_text("after")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "there" / "a.txt").read_text() == "after"


@pytest.mark.parametrize("name", ["가" * 80 + ".mid", "a" * 255, "[x]*?.mid", "a"])
def test_names_of_any_length_can_be_written(tmp_path, name):
    with replacing_file(tmp_path / name) as temporary:
        temporary.write_text("whole")
        assert temporary in tmp_path.glob(temporaries(name)[0])
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    building = building_folder(tmp_path / name)
    building.mkdir()
    assert building.parent == tmp_path


def test_what_a_killed_process_left_is_swept_when_it_is_old(tmp_path):
    left, fresh = tmp_path / ".a.txt.0123abcd.tmp", tmp_path / ".a.txt.abcdef01.tmp"
    other = tmp_path / ".b.txt.0123abcd.tmp"
    for file in (left, fresh, other):
        file.write_text("half")
    long_ago = time.time() - 3 * 24 * 3600
    os.utime(left, (long_ago, long_ago))
    with replacing_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("whole")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(["a.txt", fresh.name, other.name])


def test_short_names_differ_where_long_ones_do():
    first, second = "가" * 60 + "1", "가" * 60 + "2"
    assert short(first) != short(second)
    assert len(os.fsencode(short(first))) < 50
    assert short("run") == "run"


def test_every_walk_follows_links_but_not_in_circles(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "a.wav").touch()
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "linked").symlink_to(tmp_path / "store")
    (root / "circle").symlink_to(root)
    (root / "loop").symlink_to(root / "loop")
    (root / ".hidden").mkdir()
    (root / ".hidden" / "b.wav").touch()
    (root / "c.wav").touch()
    assert list(walk(root)) == [("c.wav", ""), ("loop", ""), ("sub/linked/a.wav", "")]
    assert list(walk(tmp_path / "none")) == [(".", "No such file or directory")]


def test_json_is_read_whole_and_not_too_deep(tmp_path):
    (tmp_path / "a.json").write_text('{"made_by": "sori train", "n": 1}', encoding="utf-8")
    assert read_json(tmp_path / "a.json") == {"made_by": "sori train", "n": 1}
    assert made_by(tmp_path / "a.json", "sori train")["n"] == 1
    assert made_by(tmp_path / "a.json", None)["n"] == 1
    assert made_by(tmp_path / "a.json", "sori augment") is None
    with pytest.raises(ValueError, match="Expected `int`, got `str`"):
        read_json(tmp_path / "a.json", dict[str, int])
    for content in (b"[" * 200_000, b"\xff\xfe{}", b"", b"{", b'{"a": 1e999}x'):
        (tmp_path / "b.json").write_bytes(content)
        with pytest.raises(ValueError):
            read_json(tmp_path / "b.json")
        assert made_by(tmp_path / "b.json", None) is None
    assert made_by(tmp_path / "none.json", None) is None


def test_an_npz_that_expands_beyond_reason_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(3), names=np.array(["a", "b"]))
    arrays = read_npz(tmp_path / "a.npz")
    assert arrays["x"].tolist() == [0, 1, 2]
    assert arrays["names"].tolist() == ["a", "b"]
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        head = io.BytesIO()
        np.lib.format.write_array_header_2_0(head, {"descr": "<f4", "fortran_order": False, "shape": (2**27,)})
        archive.writestr("x.npy", head.getvalue() + bytes(2**29))
    with pytest.raises(ValueError, match="would take 536,8"):
        read_npz(tmp_path / "bomb.npz")
    with pytest.raises(ValueError, match="more than 8"):
        read_npz(tmp_path / "a.npz", most_bytes=8)
    np.savez(tmp_path / "pickled.npz", x=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match=r"[Pp]ickle|allow_pickle"):
        read_npz(tmp_path / "pickled.npz")
    (tmp_path / "text.npz").write_text("no zip")
    with pytest.raises(ValueError):
        read_npz(tmp_path / "text.npz")
    with pytest.raises(FileNotFoundError):
        read_npz(tmp_path / "none.npz")


def test_whatever_is_there_is_removed(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    remove(tmp_path / "link")
    assert (tmp_path / "folder" / "file").exists()
    for name in ("folder", "none"):
        remove(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_settings_are_compared_as_json_restores_them():
    assert as_json({"a": (1, 2)}) == {"a": [1, 2]}


def test_what_is_written_is_read_again_and_replaces_what_was_there_as_a_whole(tmp_path):
    for values in ({"이름": [1, 2.5, None]}, {"b": {}}):
        write_json(tmp_path / "a.json", values)
        assert read_json(tmp_path / "a.json") == values
    weights = [np.arange(6, dtype=np.float32).reshape(2, 3), np.float32([0.5]), np.zeros((0, 2), dtype=np.float32)]
    for arrays in (weights, weights[:2]):
        write_floats(tmp_path / "a.npz", arrays)
        for one, other in zip(read_floats(tmp_path / "a.npz"), arrays, strict=True):
            np.testing.assert_array_equal(one, other)
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"b": object()})
    assert read_json(tmp_path / "a.json") == {"b": {}}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.npz"]


def test_files_that_belong_together_are_all_there_or_none(tmp_path):
    old, new = tmp_path / "old.txt", tmp_path / "new.txt"
    old.write_text("kept")
    with pytest.raises(OSError, match="full"), all_or_none([old, new]):
        new.write_text("half")
        raise OSError("full")
    assert [path.name for path in tmp_path.iterdir()] == ["old.txt"]
    with all_or_none([old, new]):
        new.write_text("whole")
    assert new.read_text() == "whole"
