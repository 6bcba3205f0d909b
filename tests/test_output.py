"""A folder is held by one process, and replaced only if nothing of others is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sori import output
from sori.errors import DatasetError
from sori.output import Maker, output_folder

MAKER = Maker("sori test", "facts.json", files=("a.txt",), patterns=("part-*.txt",), listed=lambda made: made["listed"])


def fill(folder, text="new", listed=()):
    (folder / "facts.json").write_text(json.dumps({"made_by": "sori test", "listed": list(listed)}))
    (folder / "a.txt").write_text(text)


def write(out, text="new", *, overwrite=False, before=lambda: None, listed=()):
    with output_folder(out, MAKER, overwrite=overwrite) as held:
        before()
        held.write(lambda folder: fill(folder, text, listed))


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_a_folder_appears_whole_and_is_replaced_whole(tmp_path):
    out = tmp_path / "deep" / "out"
    write(out)
    assert names(out) == ["a.txt", "facts.json"]
    with pytest.raises(DatasetError, match="is there already; give `overwrite=True`"):
        write(out)
    with pytest.raises(ZeroDivisionError), output_folder(out, MAKER, overwrite=True) as held:
        held.write(lambda folder: 1 / 0)
    assert (out / "a.txt").read_text() == "new"
    write(out, "newer", overwrite=True)
    assert (out / "a.txt").read_text() == "newer"
    assert names(out.parent) == ["out"]


@pytest.mark.parametrize("foreign", ["notes.txt", ".git/config", ".env", "sub/deep/b.txt", "part-1.wav", ".hidden"])
def test_nothing_of_others_is_replaced_hidden_or_not(tmp_path, foreign):
    out = tmp_path / "out"
    write(out)
    (out / "part-1.txt").touch()
    (out / ".DS_Store").touch()
    write(out, overwrite=True)
    (out / foreign).parent.mkdir(parents=True, exist_ok=True)
    (out / foreign).write_text("mine")
    with pytest.raises(DatasetError, match=f"{foreign} was not made by sori test".replace(".", r"\.")):
        write(out, overwrite=True)
    assert (out / foreign).read_text() == "mine"


def test_links_in_it_are_of_others(tmp_path):
    write(tmp_path / "out")
    (tmp_path / "there").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path / "there")
    with pytest.raises(DatasetError, match="link was not made by"):
        write(tmp_path / "out", overwrite=True)


def test_names_in_the_facts_are_names_not_patterns(tmp_path):
    out = tmp_path / "out"
    write(out, listed=["*", "*.wav"])
    (out / "*.wav").touch()
    write(out, overwrite=True, listed=["*.wav"])
    (out / "neighbour.wav").touch()
    with pytest.raises(DatasetError, match=r"neighbour.wav was not made by"):
        write(out, overwrite=True)


def test_a_file_that_is_put_there_meanwhile_is_kept_and_so_is_the_result(tmp_path):
    out = tmp_path / "out"
    for overwrite in (False, True):

        def put():
            out.mkdir(exist_ok=True)
            (out / "thesis.doc").write_text("mine")

        with pytest.raises(DatasetError, match="the result is kept in") as error:
            write(out, "result", overwrite=overwrite, before=put)
        kept = str(error.value).rpartition(" ")[2]
        assert (out / "thesis.doc").read_text() == "mine"
        with open(os.path.join(kept, "a.txt")) as file:
            assert file.read() == "result"
        (out / "thesis.doc").unlink()
    assert names(tmp_path) == ["out", "out-new", "out-new2"]


def test_a_link_to_a_folder_is_followed(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk" / "run")
    write(tmp_path / "out")
    assert (tmp_path / "out").is_symlink()
    assert names(tmp_path / "disk" / "run") == ["a.txt", "facts.json"]
    write(tmp_path / "out", "newer", overwrite=True)
    assert (tmp_path / "disk" / "run" / "a.txt").read_text() == "newer"


def test_where_nothing_can_be_written_it_is_told_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(DatasetError, match=r"is a file|cannot be written"), output_folder(out, MAKER):
            raise AssertionError("the work began")

    def refuse(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output, "new_folder", refuse)
    with pytest.raises(DatasetError, match="cannot be written \\(No space left"), output_folder(tmp_path / "a", MAKER):
        raise AssertionError("the work began")
    assert names(tmp_path) == ["file"]


def test_what_cannot_be_written_at_the_end_is_kept_elsewhere(tmp_path, monkeypatch):
    real = output.new_folder

    def work():
        def refuse(path):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(output, "new_folder", refuse)

    with pytest.raises(DatasetError, match=r"No space left.*the result is kept in") as error:
        write(tmp_path / "out", before=work)
    monkeypatch.setattr(output, "new_folder", real)
    kept = str(error.value).rpartition(" ")[2]
    with open(os.path.join(kept, "a.txt")) as file:
        assert file.read() == "new"


@pytest.mark.parametrize("beside", [True, False])
def test_a_folder_that_cannot_be_renamed_is_filled(tmp_path, monkeypatch, beside):
    """As a mount point, which a container's volume is; its parent may be read-only."""
    out = tmp_path / "out"
    out.mkdir()
    rename, make = os.rename, output.new_folder

    def busy(source, target):
        if os.fspath(source) == os.fspath(out):
            raise OSError(16, "Device or resource busy")
        return rename(source, target)

    def read_only(path):
        if not beside and path.parent == tmp_path:
            raise OSError(30, "Read-only file system")
        return make(path)

    monkeypatch.setattr(os, "rename", busy)
    monkeypatch.setattr(output, "new_folder", read_only)
    write(out)
    assert names(out) == ["a.txt", "facts.json"]
    write(out, "newer", overwrite=True)
    assert (out / "a.txt").read_text() == "newer"
    assert names(out) == ["a.txt", "facts.json"]
    assert names(tmp_path) == ["out"]

    def put():
        (out / "thesis.doc").write_text("mine")

    with pytest.raises(DatasetError, match=r"thesis.doc was put there meanwhile.*the result is kept in"):
        write(out, overwrite=True, before=put)
    assert (out / "thesis.doc").read_text() == "mine"
    assert (out / "a.txt").read_text() == "newer"


HOLD = """
import sys, time
from pathlib import Path
from sori.output import Maker, output_folder
with output_folder(Path(sys.argv[1]), Maker("sori test", "facts.json")):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_told_who_is_at_work_until_it_ends(tmp_path):
    out = tmp_path / "out"
    first = subprocess.Popen([sys.executable, "-c", HOLD, str(out)], stdout=subprocess.PIPE, text=True)
    assert first.stdout.readline() == "held\n"
    with pytest.raises(DatasetError, match=f"process {first.pid} on .*, since 20.*, is writing there; wait for it"):
        write(out)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    for _ in range(100):
        try:
            write(out)
            break
        except DatasetError:
            time.sleep(0.05)
    assert names(out) == ["a.txt", "facts.json"]
    assert names(tmp_path) == ["out"]


def test_what_killed_processes_left_is_swept(tmp_path):
    out = tmp_path / "out"
    for name in (".out.0123abcd.tmp", ".outer.0123abcd.tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model").touch()
    write(out)
    (out / ".facts.json.0123abcd.tmp").write_text("half")
    write(out, overwrite=True)
    assert names(out) == ["a.txt", "facts.json"]
    assert names(tmp_path) == [".outer.0123abcd.tmp", "out"]


def test_the_current_folder_can_be_replaced(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")

    write(Path("."))
    assert names(tmp_path / "out") == ["a.txt", "facts.json"]


def test_a_file_of_another_program_with_our_name_is_not_ours(tmp_path):
    unsigned = Maker("sori test", "bundle.json", files=("README.md",), keys=("schema_version", "task"))
    for content in ('{"name": "webpack"}', "[1]", "{", '{"task": 1}'):
        (tmp_path / "bundle.json").write_text(content)
        assert unsigned.made(tmp_path) is None
        with pytest.raises(DatasetError, match="was not made by sori test"), output_folder(tmp_path, unsigned):
            raise AssertionError("the work began")
    (tmp_path / "bundle.json").write_text('{"task": "classifier", "schema_version": 2}')
    assert unsigned.foreign(tmp_path) is None


def test_impossible_folders_are_told(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for out, message in ((tmp_path / "loop", "a link that leads nowhere"), (Path("/"), "is the root")):
        with pytest.raises(DatasetError, match=message), output_folder(out, MAKER):
            raise AssertionError("the work began")


def test_the_folder_a_shell_is_in_is_filled_not_moved(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    before = (tmp_path / "out").stat().st_ino
    write(Path("."))
    write(Path("."), "newer", overwrite=True)
    assert (tmp_path / "out").stat().st_ino == before
    assert (tmp_path / "out" / "a.txt").read_text() == "newer"
