import os
import subprocess
import sys
from pathlib import Path

import pytest

from sori.errors import DatasetError
from sori.folders import foreign_file, move_folder, own_folder, replacing_file, replacing_folder


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "a.txt"
    with replacing_file(path) as temporary:
        temporary.write_text("one")
        assert not path.exists()
    assert path.read_text() == "one"
    with pytest.raises(RuntimeError), replacing_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "one"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_is_replaced_whole(tmp_path):
    path = tmp_path / "run"
    for text in ("one", "two"):
        with replacing_folder(path) as temporary:
            (temporary / "x").write_text(text)
    with pytest.raises(RuntimeError), replacing_folder(path) as temporary:
        (temporary / "x").write_text("half")
        raise RuntimeError
    assert (path / "x").read_text() == "two"
    assert [file.name for file in tmp_path.iterdir()] == ["run"]


def test_the_folder_one_is_in_can_be_replaced(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with replacing_folder(Path(".")) as temporary:
        (temporary / "x").write_text("one")
    assert (tmp_path / "here" / "x").read_text() == "one"


def test_the_old_folder_comes_back_if_the_new_one_cannot_stand(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "x").write_text("old")
    with pytest.raises(OSError, match="No such file"):
        move_folder(tmp_path / "missing", tmp_path / "run")
    assert (tmp_path / "run" / "x").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_file_that_replacing_would_lose_is_found(tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("report.html", "shard-1.parquet", "a/b.flac", ".DS_Store"):
        (tmp_path / name).touch()
    ours = ("report.html", "shard-*.parquet", "a/b.flac")
    assert foreign_file(tmp_path, ours) is None
    (tmp_path / "a" / "thesis.txt").touch()
    assert foreign_file(tmp_path, ours) == tmp_path / "a" / "thesis.txt"


def test_a_folder_is_ours_though_a_killed_run_left_something_hidden(tmp_path):
    facts = {"facts": "facts.json", "maker": "sori test", "ours": ("facts.json", "page.html")}
    assert own_folder(tmp_path / "none", **facts) is None
    (tmp_path / ".facts.json.1.2.tmp").touch()
    assert own_folder(tmp_path, **facts) is None
    (tmp_path / "facts.json").write_text('{"made_by": "sori test", "n": 3}')
    (tmp_path / "page.html").touch()
    assert own_folder(tmp_path, **facts)["n"] == 3
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(DatasetError, match=r"thesis\.txt was not made by sori test"):
        own_folder(tmp_path, **facts)
    with pytest.raises(DatasetError, match="is a file"):
        own_folder(tmp_path / "thesis.txt", **facts)


def test_what_a_killed_process_left_is_swept(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    dead = tmp_path / f".run.{done.stdout.strip()}.tmp"
    alive, other = tmp_path / f".run.{os.getppid()}.tmp", tmp_path / f".mine.{done.stdout.strip()}.tmp"
    for folder in (dead, alive, other):
        (folder / "deep").mkdir(parents=True)
    with replacing_folder(tmp_path / "run") as folder:
        (folder / "file").touch()
    assert not dead.exists()
    assert alive.exists() and other.exists()
